"""What a YAML parser complains of, in the words of somebody who edits rules."""

import re
from collections.abc import Sequence

import yaml

Cause = tuple[int, int, str]
"""The line, the column and the remedy."""
UNMERGED = "two versions of the file were put together and not yet made one: choose what stays, and remove this line"
MERGE = re.compile(r"(?:<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)(?: |$)|=======$")
FOREIGN = r"[\u00a0\u2000-\u200b\u202f\u3000\ufeff]"
FOREIGN_BLANK = re.compile(rf"[ -]*({FOREIGN})")
BEHIND_A_COLON = re.compile(rf"[\s-]*[A-Za-z_]+:({FOREIGN})")
COMMENT = re.compile(r"(?<=\s)#")
APOSTROPHE = re.compile(r"(?:^|[\[{,:]\s*|\s)'[^']*(')(?=\w)")
BULLET = re.compile(r"\s*([–—•·*])\s")
GLUED_DASH = re.compile(r"\s*-[A-Za-z_]+:(\s|$)")
GLUED_COLON = re.compile(r"[\s-]*[A-Za-z_]+:\S")
KEY = re.compile(r"[\s-]*([A-Za-z_]+)")
WIDE_COLON = re.compile(r"[\s-]*[A-Za-z_]+\s*([：︓﹕])")
CURLY_QUOTE = re.compile(r":\s+([“”„‘’«])")
NOTE = re.compile(r"\s*(//|/\*|<!--)")
BRACKETED = re.compile(r":\s+(\[[^\]]*\]|\{[^}]*\})\s*$")
VARIABLE = re.compile(r"(?<!['\"])\$\{\w*\}")
ENDED = re.compile(r"""['"]\s*$""")


def cause_of(lines: Sequence[str], line: int, column: int, *, is_colon: bool) -> Cause | None:
    """The likely cause of what a parser complains of at a place that is counted from 0.

    None if nothing looks like one.
    """
    if line >= len(lines):
        return None
    if (merged := _unmerged(lines)) is not None:
        return merged + 1, 1, UNMERGED
    before = lines[line][:column]
    for number in (line, line - 1):
        if number >= 0 and (odd := _foreign_blank(lines[number], number) or _foreign_note(lines[number], number)):
            return odd
    if not is_colon:
        return _at_the_line(lines, before, line)
    if ": " in before.strip():
        return _in_a_text(before, line)
    for above in range(line - 1, -1, -1):
        if lines[above].strip() and not lines[above].lstrip().startswith("#"):
            return _in_the_line_above(lines[above], above)
    return None


def _unmerged(lines: Sequence[str]) -> int | None:
    """The first line that a merge has left; one of ``=`` alone may be somebody's own."""
    left = [number for number, text in enumerate(lines) if MERGE.match(text)]
    return left[0] if any(not lines[number].startswith("=") for number in left) else None


def cause_in_brackets(lines: Sequence[str], first: int, last: int) -> Cause | None:
    """Why a list or mapping in brackets ends too early, somewhere in these lines: a quote, or a comment."""
    for number in range(first, min(last + 1, len(lines))):
        text = lines[number]
        if found := VARIABLE.search(text):
            return number + 1, found.start() + 1, f"between {{ }} this needs quotes: '{found[0]}'"
        if found := APOSTROPHE.search(text):
            remedy = 'the text ends at this apostrophe, and more stands behind it: put all of it between " "'
            return number + 1, found.start(1) + 1, remedy
        found_at = next((found.start() for found in COMMENT.finditer(text) if _is_bare(text[: found.start()])), None)
        if found_at is not None and ("}" in text[found_at:] or "]" in text[found_at:]):
            remedy = "a '#' behind a blank begins a comment, so that the bracket is not closed: put the text in quotes"
            return number + 1, found_at + 1, remedy
    return None


def _is_bare(before: str) -> bool:
    outside = re.sub(r"\"(?:[^\"\\\\]|\\\\.)*\"|(?<!\w)'(?:[^']|'')*'", "", before)
    return '"' not in outside


def _at_the_line(lines: Sequence[str], before: str, line: int) -> Cause | None:
    text = lines[line]
    if (found := BULLET.match(text)) and len(before) <= found.end():
        return line + 1, found.start(1) + 1, f"an entry of a list begins with '- ', not with '{found[1]} '"
    if found := ENDED.search(before):
        quote = found[0].strip()
        if before.count(quote) == 1 and (unclosed := _unclosed(lines, line, quote)):
            return unclosed
        quotes = "' '" if quote == '"' else '" "'
        remedy = f"the text ends at this quote, and more stands behind it: put all of it between {quotes}"
        return line + 1, found.start() + 1, remedy
    if found := BRACKETED.search(before):
        remedy = f'a text that begins with {found[1][0]} needs quotes: put all of it between " "'
        return line + 1, found.start(1) + 1, remedy
    above = line - 1
    if above >= 0 and not before.strip() and (BULLET.match(lines[above]) or GLUED_DASH.match(lines[above])):
        return _in_the_line_above(lines[above], above)
    return None


def _unclosed(lines: Sequence[str], line: int, quote: str) -> Cause | None:
    """The quote on a line above that the one on this line has closed."""
    for above in range(line - 1, -1, -1):
        if quote in lines[above]:
            column = lines[above].rindex(quote) + 1
            remedy = f"the quote that begins here is closed only on line {line + 1}: add one at the end of its text"
            return (above + 1, column, remedy) if lines[above].count(quote) % 2 else None
    return None


def _foreign_blank(text: str, line: int) -> Cause | None:
    if found := FOREIGN_BLANK.match(text) or BEHIND_A_COLON.match(text):
        remedy = "type the blanks of this line anew"
        return line + 1, found.start(1) + 1, f"this blank (U+{ord(found[1]):04X}) only looks like one: {remedy}"
    return None


def _foreign_note(text: str, line: int) -> Cause | None:
    if found := NOTE.match(text):
        return line + 1, found.start(1) + 1, f"a note begins with '#', not with '{found[1]}'"
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


AT_ITS_BEGINNING = {  # told where the quote or bracket begins, since its end is only where the parser gave up
    "found unexpected end of stream": "the quote that begins here is not closed, add one at the end of its text",
    "did not find expected ',' or ']'": "the list that begins here has no ']', or lacks a comma; a text "
    "with a comma or ':' needs quotes",
    "did not find expected ',' or '}'": "the mapping that begins here has no '}', or lacks a comma; a "
    "text with a comma or ':' needs quotes",
}
AT_THE_PROBLEM = {
    "tab character": "a tab stands where only blanks may, indent with blanks",
    "mapping values are not allowed": "a ':' stands where none may: put a text that has one in quotes, "
    "or check the indentation",
    "did not find expected key": "this does not go with what stands before it: check the indentation, "
    "and the quotes of the text before",
    "did not find expected '-' indicator": "this stands among entries that begin with '-': begin it with "
    "'- ', or check the indentation",
    "could not find expected ':'": "a ':' is missing after the key, or the indentation is wrong",
    "mapping keys are not allowed": "a text that begins with '? ' needs quotes",
    "unknown escape character": "this backslash means nothing between double quotes: use single quotes",
    "invalid Unicode character": "this escape stands for no character, remove it",
    "expected hexdecimal number": "this escape is not complete: write the character itself",
    "block sequence entries are not allowed": "a '-' stands where none may: begin the list on a line of its own",
    "did not find expected comment or line break": "after | or > the text begins on the next line",
    "did not find expected node content": "a value is missing here; a text that begins with , ] or } needs quotes",
    "incompatible YAML document": "this version of YAML is not known, remove the line that begins with %",
    "directive": "a line cannot begin with %, remove it or put the text in quotes",
    "anchor": "a text that begins with & or * needs quotes",
    "alias": "a text that begins with & or * needs quotes",
    "tag": "a text that begins with ! needs quotes",
}
STARTS_NOTHING = "cannot start any token"
MISPLACED_COLON = "mapping values are not allowed"


def in_plain_words(error: Exception, text: str) -> tuple[int, int, str]:
    """The line and the column of what a parser complains of, and the remedy."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, 1, f"cannot be read as YAML: {error}"
    problem, mark = error.problem or "", error.problem_mark
    for part, remedy in AT_ITS_BEGINNING.items():
        if part in problem:
            begin = error.context_mark or mark
            if cause := cause_in_brackets(text.splitlines(), begin.line, mark.line):
                return cause
            return begin.line + 1, begin.column + 1, remedy
    complaint = f"{problem} {error.context or ''}"
    lines = text.splitlines()
    if cause := cause_of(lines, mark.line, mark.column, is_colon=MISPLACED_COLON in complaint):
        return cause
    place = mark.line + 1, mark.column + 1
    if STARTS_NOTHING in problem:
        return *place, _no_start(lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else "")
    remedy = next(
        (remedy for part, remedy in AT_THE_PROBLEM.items() if part in complaint), f"cannot be read as YAML: {problem}"
    )
    return *place, remedy


def _no_start(character: str) -> str:
    if character == "\t":
        return AT_THE_PROBLEM["tab character"]
    return f"a text cannot begin with {character}, put it in quotes"
