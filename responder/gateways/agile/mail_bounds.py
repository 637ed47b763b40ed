"""Limits on mails: the standard library reads them in quadratic time, so larger ones go to a person."""

from collections.abc import Iterator, Sequence

LARGEST_HEAD = 64 * 1024  # bytes
LARGEST_FIELD = 8 * 1024  # bytes of one header
MOST_PARAMETERS = 50  # of one header of a part
MOST_PARTS = 100  # of a mail; and lines that may divide them
MOST_NESTED = 20  # parts that have parts
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
