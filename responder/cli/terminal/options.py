"""Options and arguments that several commands share, and how their values are read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.terminal.output import NEWEST
from responder.core.rules.rules import Rules
from responder.core.sms.address import end_from
from responder.desk.requests import read_since

EXAMPLE_FROM = "+390000000000"


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
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ExportFile = Annotated[
    Path | None, typer.Argument(metavar="FILE.csv", help="Where to write; without it, the terminal.")
]
ForExcel = Annotated[
    bool,
    typer.Option("--excel", help="So that Excel opens it by a double click, accents and columns as they should be."),
]
InUtc = Annotated[bool, typer.Option("--utc", help="Write times in UTC, for programs; without it, in the rules' zone.")]
AsOf = Annotated[datetime | None, _when("As it was recorded then: 30d, or a time in ISO 8601.")]
