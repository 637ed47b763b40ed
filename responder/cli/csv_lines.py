"""A CSV file as people save it: its lines with their numbers, and the names of its columns, or what is wrong with it."""

import csv
import io
from collections.abc import Iterator, Sequence

from responder.cli.csv_file import unguarded
from responder.core.template import did_you_mean
from responder.errors import ConfigurationError

MOST_TOLD = 100  # mistakes; a file with more has one reason for all of them


def read_lines(data: bytes, file: str, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The lines that hold something, the header first; ConfigurationError if the file is empty or cannot be read."""
    lines = list(_lines(_decoded(data, file), file))
    if not lines:
        raise ConfigurationError(
            f"{file}:1: the file is empty, begin it with the names of its columns: {','.join(columns)}"
        )
    return lines


def read_header(
    header: tuple[int, list[str]], file: str, columns: Sequence[str], required: Sequence[str]
) -> tuple[str, ...]:
    """The names of the columns in their order; ConfigurationError has all that is wrong with them."""
    line, values = header
    names = tuple(value.strip().lower() for value in values)
    wrong = [f"unknown column {name!r}{did_you_mean(name, columns)}" for name in names if name not in columns]
    wrong += [f"the column {name!r} is missing, add it" for name in required if name not in names]
    wrong += [f"the column {name!r} stands there twice, remove one" for name in columns if names.count(name) > 1]
    if wrong:
        raise ConfigurationError("\n".join(f"{file}:{line}: {text}" for text in wrong))
    return names


def refuse(mistakes: Sequence[str], file: str) -> None:
    """Raise ConfigurationError with the mistakes, if there are any."""
    if mistakes:
        more = [f"{file}: and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        raise ConfigurationError("\n".join([*mistakes[:MOST_TOLD], *more, f"{file}: nothing was imported"]))


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{file}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8, save the file as CSV in UTF-8"
        ) from None


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers; a value in quotes may go over several."""
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    line = 1
    try:
        for values in rows:
            if any(value.strip() for value in values):
                yield line, [unguarded(value) for value in values]
            line = rows.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(
            f"{file}:{line}: cannot be read as CSV ({error}), check the quotes from here on"
        ) from None
