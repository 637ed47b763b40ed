"""Agile Telecom's mails: the webhook's fields, in whatever layout (gateway reference, section 2)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from html.parser import HTMLParser
from itertools import takewhile
from typing import Any

from responder.core.outbound.gateway import LARGEST_BODY
from responder.gateways.agile.mail_bounds import excess, unquoted, without_heads

Form = Mapping[str, str]

DEEPEST_PART = 20  # parts within parts that are looked into
LARGEST_PART = LARGEST_BODY  # characters of a part that are read, as in the webhook; a larger one is for a person
LONGEST_END = 40  # characters of a number or name; what is longer was no field
FEWEST_FIELDS = 2  # of a form; a footer may have a word that looks like one
CHARSETS = {  # what a declared charset means: Latin-1 is Windows-1252, and codecs that only Python knows are none
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin-1", "latin1"), "cp1252"),
    **dict.fromkeys(("unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape"), "utf-8"),
    **dict.fromkeys(("idna", "punycode", "undefined"), "utf-8"),
}
ENDS_LINE = frozenset({"br", "p", "div", "tr", "li", "dt", "dd", "pre", "blockquote", "table", "hr", "center"}) | {
    f"h{level}" for level in range(1, 7)
}
UNSEEN = frozenset({"script", "style", "head", "title"})

_NAMES = r"from|to|date ?/ ?time|date[ -]?time|date|body|text|message"
_LABEL = re.compile(rf"[\s|]*(\*?)({_NAMES})\*?(\s*[:=|\u2010-\u2015\u2212-](?(1)\*?)|\t|\s\s|\s*$)", re.IGNORECASE)
_CELL = re.compile(rf"({_NAMES})\s*[:=]?", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s@]@[^\s@]+\.[a-z]", re.IGNORECASE)
_TEL = re.compile(r"(?<=\d)\s*[<\[(]tel:[^<>\[\]()]*[>\])]", re.IGNORECASE)  # what mail programs add to a number
_SIGNED = re.compile(r"-- $|[_=]{10,}\s*$")  # the line above a signature or a footer
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# What begins no tag; the reader would look for its end again and again.
_OPEN = re.compile(r"<(?=[^<>]*(?:<|\Z))|<(?![A-Za-z/])")
_DATE = re.compile(r"(\d{4})\D{0,3}(\d\d)\D{0,3}(\d\d)\D{0,3}(\d\d)\D{0,3}(\d\d)\D{0,3}(\d\d)(?!\d)", re.ASCII)


def read_forms(raw: bytes, footer: str = "") -> list[dict[str, str]]:
    """The forms in a mail, as the webhook would bring them; none if the mail is not understood.

    In each text, a line that begins with ``footer`` is cut, with all below it.

    >>> fields = b"From: +393301234567\\r\\nTo: +393331234333\\r\\nDate/Time: 20260408143052\\r\\nBody: News ON\\r\\n"
    >>> read_forms(b"Subject: SMS\\r\\n\\r\\n" + fields)
    [{'originator': '+393301234567', 'destination': '+393331234333', 'date_time': '20260408143052', 'text': 'News ON'}]
    """
    if excess(raw):
        return []
    try:
        forms = list(_in_part(message_from_bytes(raw), DEEPEST_PART))
    except Exception:  # noqa: BLE001  (the standard library's readers have more ways to fail than they tell)
        return []
    forms = [_without_footer(form, footer.strip()) for form in forms] if footer.strip() else forms
    return [form for form in forms if is_whole(form)] or [form for form in forms if len(form) >= FEWEST_FIELDS]


def _without_footer(form: dict[str, str], footer: str) -> dict[str, str]:
    lines = form.get("text", "").split("\n")
    kept = takewhile(lambda line: not line.strip().casefold().startswith(footer.casefold()), lines)
    return form | {"text": "\n".join(kept).strip()} if "text" in form else form


def is_whole(form: Form) -> bool:
    """Whether a form has both ends and a text."""
    return all(form.get(end) for end in ("originator", "destination")) and "text" in form


def _in_part(part: Message, depth: int) -> Iterator[dict[str, str]]:
    if depth == 0:
        return
    if part.is_multipart():
        within = [list(_in_part(child, depth - 1)) for child in part.get_payload() if isinstance(child, Message)]
        if part.get_content_type() == "multipart/alternative":
            ranked = sorted(within, key=lambda forms: not any(map(is_whole, forms)))  # the plain one comes first
            yield from ranked[0] if ranked else ()
        else:
            yield from (form for forms in within for form in forms)
    elif part.get_content_maintype() == "text":
        text = _decoded(part)
        if len(text) <= LARGEST_PART:
            yield from _in_html(text) if part.get_content_subtype() == "html" else [_in_lines(_lines(part, text))]


def _decoded(part: Message) -> str:
    """The text of a part: in its declared charset if that works, else in UTF-8, else in Windows-1252."""
    payload: Any = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    declared = str(part.get_content_charset() or "utf-8").lower()
    for charset in (CHARSETS.get(declared, declared), "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _lines(part: Message, text: str) -> list[str]:
    """The lines of a plain text, joined again where the mail says that it broke them (RFC 3676)."""
    lines = re.split(r"\r\n|\r|\n", text)
    if str(part.get_param("format", "")).lower() != "flowed":
        return lines
    ending = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    whole: list[str] = []
    flows = False
    for line in lines:
        if flows:
            whole[-1] = whole[-1][:-1] + ending + line
        else:
            whole.append(line.removeprefix(" "))
        flows = line.endswith(" ") and line != "-- "
    return whole


def _in_lines(lines: Sequence[str]) -> dict[str, str]:
    """The form in lines: the first of each label, and after that of the text nothing but text."""
    lines = without_heads(unquoted(lines, _labelled), _labelled)
    form: dict[str, str] = {}
    waits, is_header = "", False
    for number, line in enumerate(lines):
        label = _LABEL.match(line)
        name = _field(label[2]) if label else waits
        value = line[label.end() :] if label else line
        if is_header := bool(line.strip()) and (
            is_header or (name == "originator" and _MAILBOX.search(value) is not None)
        ):
            form.pop(waits, None)  # the head of a mail that was passed on, up to its empty line
            waits = ""
        elif label and name == "text":
            return form | {"text": _text([value, *lines[number + 1 :]], is_ruled=line.lstrip().startswith("|"))}
        elif name and value.strip(" \t|*\xa0"):
            _add(form, name, value)
            waits = ""
        elif label:
            waits = name
    return form


def _text(lines: Sequence[str], *, is_ruled: bool) -> str:
    unruled = [line.rstrip().removesuffix("|") if is_ruled else line for line in lines]
    return "\n".join(takewhile(lambda line: not _SIGNED.match(line), unruled)).strip("\n").strip()


def _labelled(line: str) -> tuple[str, str] | None:
    """The field that a line names, and its value; None for any other line."""
    label = _LABEL.match(line)
    return (_field(label[2]), line[label.end() :]) if label else None


def _field(label: str) -> str:
    known = {"from": "originator", "to": "destination", "body": "text", "text": "text", "message": "text"}
    return known.get(label.lower(), "date_time")


def _add(form: dict[str, str], name: str, value: str) -> None:
    """Put a field into a form, unless it has one of that name or the value is none."""
    value = _TEL.sub("", value).strip(" \t\r\n|*\xa0")
    if name == "date_time":
        digits = _DATE.match(value)
        value = "".join(digits.groups()) if digits else value
    if value and len(value) <= LONGEST_END and "\t" not in value and "\n" not in value:
        form.setdefault(name, value)


def _in_html(text: str) -> Iterator[dict[str, str]]:
    """The forms in a page's tables, which no texter can make, else the one in its lines."""
    page = _Page()
    page.feed(_OPEN.sub("&lt;", _COMMENT.sub("", text)))
    page.close()
    forms = [form for table in page.tables for form in _in_rows(table) if is_whole(form)]
    yield from forms or [_in_lines("".join(page.text).split("\n"))]


def _in_rows(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """The forms in a table: one row per field, or a row of labels above one row per message."""
    head: list[str] = []
    form: dict[str, str] = {}
    for row in rows:
        names = [_field(label[1]) if (label := _CELL.fullmatch(cell.strip())) else "" for cell in row]
        if {"originator", "destination", "text"} <= set(names):
            head = names
        elif head:
            yield _form_of(zip(head, row, strict=False))
        elif len(row) > 1 and names[0]:
            if names[0] in form and is_whole(form):
                yield form
                form = {}
            form |= {name: value for name, value in _form_of([(names[0], row[1])]).items() if name not in form}
    yield form


def _form_of(cells: Any) -> dict[str, str]:  # noqa: ANN401  (pairs, from a zip or a list)
    form: dict[str, str] = {}
    for name, value in cells:
        if name == "text":
            form.setdefault(name, value.strip())
        elif name:
            _add(form, name, value)
    return form


class _Page(HTMLParser):
    """A page, as text in lines and as the cells of its tables."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tables: list[list[list[str]]] = []
        self._open: list[list[list[str]]] = []
        self._is_cell = [False]
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        if tag == "table":
            self.tables.append([])
            self._open.append(self.tables[-1])
            self._is_cell.append(False)
        elif tag == "tr" and self._open:
            self._open[-1].append([])
            self._is_cell[-1] = False
        elif tag in {"td", "th"} and self._open and self._open[-1]:
            self._open[-1][-1].append("")
            self._is_cell[-1] = True
        self._say("\n" if tag in ENDS_LINE else "")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN and self._unseen > 0
        if tag == "table" and self._open:
            self._open.pop()
            self._is_cell.pop()
        elif tag in {"td", "th"}:
            self._is_cell[-1] = False
            self.text.append("\t")
        self._say("\n" if tag in ENDS_LINE - {"br"} and tag != "tr" else "")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._say(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _say(self, said: str) -> None:
        if said:
            self.text.append(said)
            if self._is_cell[-1]:
                self._open[-1][-1][-1] += said
