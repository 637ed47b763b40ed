"""A CSV of appointments (contract, section 7): its lines as bookings, or everything that is wrong with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from responder.cli.csv_lines import read_header, read_lines, refuse
from responder.core.booking import FIELDS, REQUIRED, Booking, Local, problems, read_booking, tidy


def read_bookings(
    data: bytes,
    file: str,
    local: Local,
    track: Callable[[Sequence[tuple[int, list[str]]]], Iterable[tuple[int, list[str]]]],
) -> list[Booking]:
    """The bookings of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = read_lines(data, file, FIELDS)
    names = read_header(lines[0], file, FIELDS, REQUIRED)
    reader = _Reader(file=file, names=names, local=local)
    bookings = [booking for line, values in track(lines[1:]) if (booking := reader.read(line, values))]
    refuse(reader.mistakes, file)
    return bookings


class _Reader:
    """Reads lines, and keeps what is wrong with them."""

    def __init__(self, *, file: str, names: Sequence[str], local: Local) -> None:
        self.mistakes: list[str] = []
        self._file = file
        self._names = names
        self._local = local
        self._line_of: dict[str, int] = {}

    def read(self, line: int, values: Sequence[str]) -> Booking | None:
        """The booking of a line; None if something is wrong with it."""
        wrong = list(self._problems(line, values))
        self.mistakes += [f"{self._file}:{line}: {problem}" for problem in wrong]
        return None if wrong else read_booking(self._row(values), self._local)

    def _problems(self, line: int, values: Sequence[str]) -> Iterator[str]:
        if len(values) != len(self._names):
            yield f"{len(values)} values, the first line names {len(self._names)} columns: check the separators and quotes"
            return
        row = self._row(values)
        yield from problems(row, self._local)
        first = self._line_of.setdefault(row["id"], line)
        if row["id"] and first != line:
            yield f"id: {row['id']!r} stands in line {first} already, keep one of them"

    def _row(self, values: Sequence[str]) -> Mapping[str, str]:
        return {name: tidy(value) for name, value in zip(self._names, values, strict=True)}
