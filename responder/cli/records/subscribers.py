"""responder subscribers: who is on which list, and how an operator changes that."""

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.records.csv_file import (
    NOTHING_CHANGED,
    CsvFile,
    DryRun,
    SkipWrong,
    for_excel,
    open_export,
    tell_reading,
    with_progress,
)
from responder.cli.terminal.options import AsJson, ExportFile, ForExcel, InUtc, Limit, Yes
from responder.cli.terminal.output import Column, each_of, echo_json, for_csv, print_records, progress, say
from responder.cli.terminal.session import at_desk, confirm, operator_name, print_list, read_number, with_desk
from responder.core.consent.standing import ListCount, Outcome, Outcomes, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.contact.reasons import because
from responder.core.operations.pages import SubscriberFilter
from responder.core.operations.records import SubscriberRecord
from responder.core.rules.appointments import SUBSCRIBER_COLUMNS
from responder.core.sms.times import counted
from responder.desk.consent import count_lists, list_subscribers, opt_out_number, put_subscriber
from responder.desk.desk import Desk
from responder.desk.files import import_subscribers, read_subscriber_file, read_with_evidence
from responder.spreadsheets.reading import Reading, read_bytes
from responder.spreadsheets.records import UNDER_REVIEW

MOST_LEFT_OUT = 100  # lines that are named
Evidence = Annotated[
    str, typer.Option(metavar="TEXT", help="Where the consent comes from, such as 'paper form of 3 May'.")
]
OfList = Annotated[str | None, typer.Option("--list", metavar="NAME", help="Only those of this list.")]
NO_LISTS = "no list is in the rules file, and nobody is on one: name them under 'lists'"
NO_SUBSCRIBERS = "nobody is on a list yet: a rule with 'subscribe' puts people on one"

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(*, name: OfList = None, limit: Limit = None, as_json: AsJson = False) -> None:
    """List subscribers, also those who left, by the time of the change."""
    columns: list[Column[SubscriberRecord]] = [
        Column(title="number", value=lambda subscriber: subscriber.originator),
        Column(title="list", value=lambda subscriber: subscriber.list),
        Column(title="status", value=lambda subscriber: subscriber.status),
        Column(title="since", value=lambda subscriber: subscriber.since),
        Column(title="language", value=lambda subscriber: subscriber.language),
        Column(title="under review since", value=lambda subscriber: subscriber.under_review_since),
    ]
    empty = (
        f"nobody is on the list {name!r}: 'responder subscribers list' has those of every list"
        if name
        else NO_SUBSCRIBERS
    )
    only = SubscriberFilter(list=name)
    print_list(lambda desk: list_subscribers(desk, only), columns, limit=limit, as_json=as_json, empty=empty)


@app.command("counts")
@at_desk()
async def counts(desk: Desk, *, as_json: AsJson = False) -> None:
    """Count the numbers on each list, those that want no texts at all, and those under review."""
    of_lists, counted = await count_lists(desk)
    columns: list[Column[ListCount]] = [
        Column(title="list", value=lambda count: count.list),
        *(Column(title=str(status), value=partial(_count, status=status)) for status in SubscriptionStatus),
    ]
    await print_records(each_of(of_lists), columns, as_json=as_json, empty=NO_LISTS)
    if as_json:
        echo_json(counted.as_json())
    else:
        say(f"\nopted out of everything: {counted.opted_out}, under review: {counted.under_review}")


def _count(count: ListCount, status: str) -> str:
    return str(count.as_json()[status])


@app.command("export")
@at_desk()
async def export(
    desk: Desk, file: ExportFile = None, *, name: OfList = None, in_utc: InUtc = False, excel: ForExcel = False
) -> None:
    """Write subscribers as CSV, in the form that import reads."""
    zone = None if in_utc else await desk.zone()
    country = (await desk.rules()).country if excel else None
    found = await read_with_evidence(desk, SubscriberFilter(list=name))
    rows = [for_csv({**record.as_json(), "evidence": evidence}, zone) for record, evidence in found]
    with open_export(file) if file else contextlib.nullcontext(sys.stdout) as target:
        more = (UNDER_REVIEW,) if any(UNDER_REVIEW in row for row in rows) else ()
        separator = for_excel(target, country) if country else ","
        CsvFile(target, (*SUBSCRIBER_COLUMNS, *more), separator=separator).add_all(rows)
    if file:
        say(f"{file}: {counted(len(rows), 'subscriber')}")


@app.command("import")
@at_desk()
async def import_(
    desk: Desk,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="originator,list,status,since,language,evidence")],
    *,
    dry_run: DryRun = False,
    skip_wrong: SkipWrong = False,
    no_evidence: Annotated[
        str | None,
        typer.Option(
            metavar="REASON", help="Why lines without evidence may join all the same; kept as their evidence."
        ),
    ] = None,
) -> None:
    """Bring in subscribers from a CSV, .xlsx or .ods file: all of its lines, or none.

    Whoever opted out stays out, and is told by line. Each line that joins a list needs evidence of the consent.
    """
    read = await read_subscriber_file(
        desk, await read_bytes(file), str(file), without_evidence=no_evidence, follow=with_progress
    )
    tell_reading(read, dry_run=dry_run, skip_wrong=skip_wrong)
    with progress("importing", len(read.values)) as advance:
        outcomes = await import_subscribers(
            desk, read.values, operator=operator_name(), dry_run=dry_run, advance=advance
        )
    _print_outcomes(file, read, outcomes, dry_run=dry_run)


def _print_outcomes(file: Path, read: Reading[SubscriberChange], outcomes: Outcomes, *, dry_run: bool) -> None:
    for place in outcomes.left_out[:MOST_LEFT_OUT]:
        left = because("has_left", originator="the number")
        say(f"{file}:{read.lines[place]}: left out, {left}", err=True)
    if len(outcomes.left_out) > MOST_LEFT_OUT:
        say(f"{file}: and {len(outcomes.left_out) - MOST_LEFT_OUT} more are left out", err=True)
    summary = ", ".join(f"{outcomes.counts.get(outcome, 0)} {outcome}" for outcome in Outcome)
    say(f"{file}: {counted(len(read.values), 'subscriber')}, {summary}{NOTHING_CHANGED if dry_run else ''}")


@app.command("add")
def add(
    number: Annotated[str, typer.Argument(metavar="NUMBER")],
    name: Annotated[str, typer.Argument(metavar="LIST")],
    *,
    evidence: Evidence,
) -> None:
    """Put a number on a list, with the evidence of its consent; a number that opted out is refused."""
    with_desk(partial(_put, number=number, name=name, evidence=evidence, joins=True))


@app.command("remove")
def remove(
    number: Annotated[str, typer.Argument(metavar="NUMBER")],
    name: Annotated[
        str | None,
        typer.Argument(metavar="LIST", help="The list; without it, the number leaves all and is texted no more."),
    ] = None,
    *,
    evidence: Evidence = "",
    yes: Yes = False,
) -> None:
    """Take a number off a list; without a list, opt it out of everything, as its own STOP would.

    'responder consent correct' takes a slip back.
    """
    confirm(f"Take {number} off {name or 'every list, and text it no more'}?", yes=yes)
    if name is None:
        with_desk(partial(_opt_out, number=number, evidence=evidence))
    else:
        with_desk(partial(_put, number=number, name=name, evidence=evidence, joins=False))


async def _put(desk: Desk, *, number: str, name: str, evidence: str, joins: bool) -> None:
    originator = await read_number(desk, number)
    record, outcome = await put_subscriber(
        desk, originator, name, joins=joins, operator=operator_name(), evidence=evidence
    )
    stood = "was" if outcome is Outcome.UNCHANGED else "is now"
    already = " already" if outcome is Outcome.UNCHANGED else ""
    say(f"{originator} {stood} {record.status}{already}: {name}")


async def _opt_out(desk: Desk, *, number: str, evidence: str) -> None:
    originator = await read_number(desk, number)
    is_new = await opt_out_number(desk, originator, operator=operator_name(), reason=evidence)
    say(f"{originator} {'is opted out now' if is_new else 'was opted out already'}")
