"""Options and arguments that several commands share, and how their values are read."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.terminal.output import NEWEST
from responder.core.rules.rules import Rules
from responder.core.sms.address import end_from
from responder.core.sms.durations import read_length
from responder.core.sms.typed_times import read_moment

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EXAMPLE_FROM = "+390000000000"


def read_since(typed: str, now: datetime) -> datetime:
    """The moment that ``30d``, ``2h`` or a time in ISO 8601 names; ValueError says what was expected.

    >>> read_since("2h", datetime(2026, 11, 23, 9, tzinfo=UTC)).isoformat()
    '2026-11-23T07:00:00+00:00'
    """
    try:
        if ago := read_length(typed, "mhdw"):
            return now - ago.time
        return read_moment(f"{typed}T00:00" if DAY.fullmatch(typed) else typed, UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{typed!r} is no time, expected for example 30d, 2h, 15m or 2026-11-23T09:00Z") from None


def read_end(typed: str, rules: Rules) -> str:
    """Either end of a message that an operator typed: a number of the file's country where it has no plus."""
    try:
        return end_from(typed, rules.country)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _read_when(typed: str) -> datetime:
    try:
        return read_since(typed, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _when(help_: str) -> Any:  # noqa: ANN401  (the type is the library's)
    return typer.Option(parser=_read_when, metavar="WHEN", help=help_)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON Lines, for programs.")]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help=f"The newest N; without it {NEWEST}, with --json all.")
]
RulesFile = Annotated[
    Path | None, typer.Argument(metavar="RULES", help="The rules file; without it that of RESPONDER_RULES.")
]
Since = Annotated[
    datetime | None, _when("Only what came in since: 30d, 2h, or a time in ISO 8601 (UTC without an offset).")
]
Queued = Annotated[
    datetime | None, _when("By when it was queued: 30d, 2h, or a time in ISO 8601 (UTC without an offset).")
]
Day = Annotated[
    str | None,
    typer.Option(metavar="DAY", help="Only those of this day: today, tomorrow, or a date such as 2026-12-01."),
]
ExportFile = Annotated[
    Path | None, typer.Argument(metavar="FILE.csv", help="Where to write; without it, the terminal.")
]
InUtc = Annotated[bool, typer.Option("--utc", help="Write times in UTC, for programs; without it, in the rules' zone.")]
AsOf = Annotated[datetime | None, _when("As it was recorded then: 30d, or a time in ISO 8601.")]
