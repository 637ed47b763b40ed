"""How records are printed: a table on a terminal, aligned text in a pipe, JSON Lines for programs."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Generic, Protocol, TypeVar

from responder.settings.environment import progress_fd

NEWEST = 50  # records that a list shows to a person
GAP = "  "
SHOWN_OF_A_KEY = 14  # characters: eight tell the second, so six tell messages of one second apart
T = TypeVar("T")


class Record(Protocol):
    """Anything with the JSON fields of the contract, section 7."""

    def as_json(self) -> Mapping[str, Any]:
        """Its fields."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column(Generic[R]):
    """A column of a table; a ``wide`` one folds where the terminal is narrow."""

    title: str
    value: Callable[[R], str | datetime | None]
    wide: bool = False


def say(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print lines with control characters made visible; every command prints through this."""
    shown = text if text.isprintable() else "\n".join(map(one_line, text.split("\n")))
    print(shown, end="\n" if nl else "", file=sys.stderr if err else sys.stdout, flush=True)


def echo_json(fields: Mapping[str, Any]) -> None:
    """Print one line of ASCII JSON, so that no text can break the line or reach the terminal."""
    say(json.dumps(fields))


def one_line(text: str) -> str:
    r"""A text on one line, with whatever a terminal might obey made visible.

    >>> one_line("a\nb\x1b[2J")
    'a b\\x1b[2J'
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else ascii(c)[1:-1] for c in text)


def short_key(key: str) -> str:
    """The beginning of a key, which commands take as well as all of it."""
    return key[:SHOWN_OF_A_KEY]


def moment(at: datetime | None, zone: tzinfo = UTC) -> str:
    """A time for people, in their zone; without seconds where there are none.

    >>> moment(datetime(2026, 11, 30, 8, 30, tzinfo=UTC)), moment(None)
    ('2026-11-30 08:30 UTC', '')
    """
    if at is None:
        return ""
    local = at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    return f"{local} UTC" if zone is UTC else local


def for_people(fields: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """The fields of a record with their times in the zone.

    >>> for_people({"since": "2026-11-30T08:30:00Z", "language": None}, UTC)
    {'since': '2026-11-30 08:30 UTC', 'language': None}
    """
    return {name: moment(at, zone) if (at := _time(name, value)) else value for name, value in fields.items()}


def for_csv(fields: Mapping[str, Any], zone: tzinfo | None) -> dict[str, Any]:
    """The fields of a record with their times as imports read them and spreadsheets show them; in UTC without a zone.

    >>> for_csv({"since": "2026-11-30T08:30:00Z"}, UTC), for_csv({"since": "2026-11-30T08:30:00Z"}, None)
    ({'since': '2026-11-30 08:30'}, {'since': '2026-11-30T08:30:00Z'})
    """
    if zone is None:
        return dict(fields)
    return {name: _local(at, zone) if (at := _time(name, value)) else value for name, value in fields.items()}


def _time(name: str, value: object) -> datetime | None:
    is_time = isinstance(value, str) and (name.endswith("_at") or name in ("at", "since", "under_review_since"))
    return datetime.fromisoformat(str(value)) if is_time and value else None


def _local(at: datetime, zone: tzinfo) -> str:
    """A local time without its offset, unless the clocks change and it could be either of two."""
    local = at.astimezone(zone)
    naive = local.replace(tzinfo=None, fold=0)
    is_sure = naive.replace(tzinfo=zone).astimezone(UTC) == at
    return naive.isoformat(" ").removesuffix(":00") if is_sure else local.isoformat(" ")


async def each_of(records: Iterable[T]) -> AsyncIterator[T]:
    """Records that are all there, one by one."""
    for record in records:
        yield record


async def print_records(
    records: AsyncIterator[R], columns: Sequence[Column[R]], *, as_json: bool, empty: str, zone: tzinfo = UTC
) -> int:
    """Print records and tell how many; if there are none, print what to do on standard error."""
    if as_json:
        count = 0
        async for record in records:
            count += 1
            echo_json(record.as_json())
        return count
    rows = [[_cell(column.value(record), zone) for column in columns] async for record in records]
    if not rows:
        say(empty, err=True)
    elif sys.stdout.isatty():
        _print_table(columns, rows)
    else:
        say("\n".join(aligned([[column.title for column in columns], *rows])))
    return len(rows)


def _cell(value: str | datetime | None, zone: tzinfo) -> str:
    return moment(value, zone) if isinstance(value, datetime) else one_line(value or "")


def _print_table(columns: Sequence[Column[R]], rows: Iterable[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415  (only who draws loads what draws)
    from rich.console import Console  # noqa: PLC0415  (likewise)
    from rich.table import Table  # noqa: PLC0415  (likewise)
    from rich.text import Text  # noqa: PLC0415  (likewise)

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.title, no_wrap=not column.wide, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))  # a Text, since [brackets] in a message are not markup
    Console().print(table)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines with aligned columns.

    >>> list(aligned([["a", "b"], ["long", "c"]]))
    ['a     b', 'long  c']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return (GAP.join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in rows)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing in a pipe. Call what it yields with the count done.

    A console that runs us hears as well how far we are; when it is gone, we end.
    """
    from rich.console import Console  # noqa: PLC0415  (only who draws loads what draws)
    from rich.progress import Progress  # noqa: PLC0415  (likewise)

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task, listener, done = bar.add_task(title, total=total), progress_fd(), 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            bar.advance(task, count)
            if listener is not None:
                os.write(listener, f"{done} {total}\n".encode())

        advance(0)
        yield advance


def tracked(values: Sequence[T], advance: Callable[[int], None]) -> Iterator[T]:
    """The values, each counted as done once the next is taken."""
    for value in values:
        yield value
        advance(1)
