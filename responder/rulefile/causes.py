"""Why a parser of YAML gave up: often not what it complains of, but the line before, or a sign that only looks like one of YAML."""

import re
from collections.abc import Sequence

Cause = tuple[int, int, str]
"""The line, the column and the remedy."""
MERGE = re.compile(r"(<<<<<<<|>>>>>>>)( |$)")
FOREIGN_BLANK = re.compile(r"[ -]*([\u00a0\u2000-\u200b\u202f\u3000\ufeff])")
BULLET = re.compile(r"\s*([–—•·*])\s")
GLUED_DASH = re.compile(r"\s*-[A-Za-z_]+:(\s|$)")
GLUED_COLON = re.compile(r"[\s-]*[A-Za-z_]+:\S")
KEY = re.compile(r"[\s-]*([A-Za-z_]+)")
WIDE_COLON = re.compile(r"[\s-]*[A-Za-z_]+\s*([：︓﹕])")
CURLY_QUOTE = re.compile(r":\s+([“”„‘’«])")
ENDED = re.compile(r"""['"]\s*$""")


def cause_of(lines: Sequence[str], line: int, column: int, *, is_colon: bool) -> Cause | None:
    """The likely cause of what a parser complains of at a place that is counted from 0; None if nothing looks like one."""
    if line >= len(lines):
        return None
    for number, text in enumerate(lines[: line + 1]):
        if MERGE.match(text):
            return (
                number + 1,
                1,
                "two versions of the file were put together and not yet made one: choose what stays, and remove this line",
            )
    before = lines[line][:column]
    if not is_colon:
        return _at_the_line(lines[line], before, line) or (_foreign_blank(lines[line - 1], line - 1) if line else None)
    if ": " in before.strip():
        return _in_a_text(before, line)
    above = next(
        (
            number
            for number in range(line - 1, -1, -1)
            if lines[number].strip() and not lines[number].lstrip().startswith("#")
        ),
        None,
    )
    return None if above is None else _in_the_line_above(lines[above], above)


def _at_the_line(text: str, before: str, line: int) -> Cause | None:
    if blank := _foreign_blank(text, line):
        return blank
    if (found := BULLET.match(text)) and len(before) <= found.end():
        return line + 1, found.start(1) + 1, f"an entry of a list begins with '- ', not with '{found[1]} '"
    if found := ENDED.search(before):
        remedy = "' '" if found[0].startswith('"') else '" "'
        return (
            line + 1,
            found.start() + 1,
            f"the text ends at this quote, and more stands behind it: put all of it between {remedy}",
        )
    return None


def _foreign_blank(text: str, line: int) -> Cause | None:
    if found := FOREIGN_BLANK.match(text):
        return (
            line + 1,
            found.start(1) + 1,
            f"this blank (U+{ord(found[1]):04X}) only looks like one: type the blanks of this line anew",
        )
    return None


def _in_a_text(before: str, line: int) -> Cause | None:
    if found := CURLY_QUOTE.search(before):
        return line + 1, found.start(1) + 1, f'{found[1]} is no quote in this file: put the text between " "'
    return None


def _in_the_line_above(text: str, line: int) -> Cause | None:
    """What is wrong with the line before one that has a key where none can be."""
    if found := BULLET.match(text):
        return line + 1, found.start(1) + 1, f"an entry of a list begins with '- ', not with '{found[1]} '"
    if GLUED_DASH.match(text):
        return line + 1, text.index("-") + 1, "a blank is missing behind this '-'"
    if found := WIDE_COLON.match(text):
        return line + 1, found.start(1) + 1, f"'{found[1]}' only looks like a ':', type it anew"
    if GLUED_COLON.match(text):
        return line + 1, text.index(":") + 1, "a blank is missing behind this ':'"
    if ":" not in text and (found := KEY.match(text)):
        return line + 1, found.end() + 1, f"a ':' is missing behind {found[1]!r}"
    return None
