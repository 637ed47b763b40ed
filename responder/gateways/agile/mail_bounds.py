"""The bounds of a mail: how much of it is read, and where the head of one that was passed on ends."""

import re
from collections.abc import Callable, Iterator, Sequence

LARGEST_HEAD = 64 * 1024  # bytes
LARGEST_FIELD = 8 * 1024  # bytes of one header
MOST_PARAMETERS = 50  # of one header of a part
MOST_PARTS = 100  # of a mail; and lines that may divide them
MOST_NESTED = 20  # parts that have parts
Labelled = Callable[[str], tuple[str, str] | None]
"""Gives the field of the gateway's form that a line names, and its value."""
QUOTE = re.compile(r"(?:>\s?)+")
ANY_LABEL = re.compile(r"[\s|>*]*[^\W\d_][\w'’./ -]{0,30}\*?\s?[:：]")
NUMBER = re.compile(r"[\s*|]*\+?\d[\d ./-]{4,}")
MAILBOX = re.compile(r"[^\s@]@[^\s@]+\.[a-z]", re.IGNORECASE)
MOST_LINES = 20_000  # a megabyte in base64 has 14,000

TYPE, CONTENT = b"content-type:", b"content-"


def excess(raw: bytes) -> str | None:
    """Why a mail is more than its readers may see; None if it is not.

    >>> excess(b"Subject: " + b"x" * 9000)
    'a header is larger than 8 kB'
    """
    lines = raw.splitlines()
    if len(lines) > MOST_LINES:
        return f"it has more than {MOST_LINES} lines"
    head_ends = next((number for number, line in enumerate(lines) if not line), len(lines))
    if sum(len(line) + 2 for line in lines[:head_ends]) > LARGEST_HEAD:
        return "its head is larger than 64 kB"
    for field in _fields(lines, head_ends):
        if len(field) > LARGEST_FIELD:
            return "a header is larger than 8 kB"
        if field.count(b";") > MOST_PARAMETERS and field[: len(CONTENT)].lower() == CONTENT:
            return f"a header has more than {MOST_PARAMETERS} parameters"
    return _excess_of_parts(lines)


def _fields(lines: Sequence[bytes], head_ends: int) -> Iterator[bytes]:
    """The headers of a mail, each unfolded, and whatever may be one of a part."""
    field: list[bytes] = []
    for number, line in enumerate(lines):
        if line.startswith((b" ", b"\t")) and field:
            field.append(line)
            continue
        yield b"".join(field)
        is_field = number < head_ends or line[: len(CONTENT)].lower() == CONTENT
        field = [line] if is_field else []
    yield b"".join(field)


def _excess_of_parts(lines: Sequence[bytes]) -> str | None:
    types = sum(line[: len(TYPE)].lower() == TYPE for line in lines)
    dividers = sum(line.startswith(b"--") for line in lines)
    nested = sum(b"boundary" in line.lower() for line in lines)
    if max(types, dividers) > MOST_PARTS or nested > MOST_NESTED:
        return f"it has more than {MOST_PARTS} parts, or {MOST_NESTED} within each other"
    return None


def unquoted(lines: Sequence[str], labelled: Labelled) -> Sequence[str]:
    """The lines without their marks of quotation, where the first label has one."""
    first = next((line for line in lines if labelled(QUOTE.sub("", line, count=1))), "")
    if not first.startswith(">"):
        return lines
    return [QUOTE.sub("", line, count=1) if line.startswith(">") else line for line in lines]


def without_heads(lines: Sequence[str], labelled: Labelled) -> Sequence[str]:
    """The lines without the heads of mails that were passed on, in any language, that stand above the text."""
    kept: list[str] = []
    start = 0
    while start < len(lines):
        end = next((place for place in range(start, len(lines)) if not lines[place].strip()), len(lines))
        block = lines[start:end]
        fields = [field for line in block if (field := labelled(line))]
        if any(name == "text" for name, _ in fields):
            break
        is_form = any(name != "date_time" and NUMBER.match(value) for name, value in fields)
        kept += lines[end : end + 1] if not is_form and _is_head(block) else lines[start : end + 1]
        start = end + 1
    return [*kept, *lines[start:]]


def _is_head(block: Sequence[str]) -> bool:
    named = [ANY_LABEL.match(line) is not None for line in block]
    return sum(named) > 1 and any(named[:2]) and any(MAILBOX.search(line) for line in block)
