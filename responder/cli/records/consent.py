"""responder consent: what a number agreed to and when, with the proof that nothing of it was changed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Annotated, Any

import typer

from responder.cli.records.consent_export import export_ledger, verify
from responder.cli.terminal.options import AsJson, AsOf, Limit, Yes
from responder.cli.terminal.output import Column, aligned, echo_json, for_people, moment, one_line, say
from responder.cli.terminal.session import confirm, operator_name, print_list, read_number, with_desk
from responder.core.operations.pages import ConsentFilter
from responder.core.operations.records import ConsentRecord
from responder.core.sms.times import counted
from responder.desk.consent import correct_opt_out, erase_number, list_consent, list_opt_outs_by_phrase, show_consent
from responder.desk.desk import Desk
from responder.desk.people import everything_about

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +393301234567.")]
Everything = Annotated[
    bool,
    typer.Option(
        "--everything",
        help="With --json, all that is known and not the consent events alone; 'record' says what a line is.",
    ),
]

SHOWN_FIELDS: Mapping[str, Sequence[str]] = {
    "lists": ("list", "status", "since", "language"),
    "standing": ("list", "status", "since"),
    "appointments": ("id", "starts_at", "status", "name", "service", "location"),
    "messages": ("received_at", "status", "rule", "text"),
    "handoffs": ("opened_at", "status", "reason", "by", "note"),
    "deliveries": ("kind", "to", "status", "text", "last_error"),
}
"""What is shown of each kind of record, in this order; of any other kind everything is."""

NOBODY_BY_PHRASE = "nobody opted out by a phrase: such as 'please stop texting me', and not by STOP alone"
PHRASED: Sequence[Column[ConsentRecord]] = (
    Column(title="seq", value=lambda record: str(record.event["seq"])),
    Column(title="at", value=lambda record: record.event["at"]),
    Column(title="number", value=lambda record: record.event["originator"] or ""),
    Column(title="phrase", value=lambda record: record.event["word"] or "", wide=True),
    Column(title="text", value=lambda record: record.event["text"] or "", wide=True),
)

app = typer.Typer(no_args_is_help=True)
app.command("export")(export_ledger)
app.command("verify")(verify)


@app.command("show")
def show(number: Number, *, as_of: AsOf = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """Show all that is known of a number.

    That is its consent events, fields, lists, appointments, messages, hand-offs and deliveries.

    With --json, the consent events, a line each.

    --as-of leaves out what was recorded later, and says how the number stood then.
    """
    if everything and (as_of or not as_json):
        reason = "since the past of the ledger alone is kept"
        raise typer.BadParameter(f"--everything goes with --json, and not with --as-of, {reason}")
    if everything:
        with_desk(partial(_print_everything, number=number))
    else:
        with_desk(partial(_show, number=number, as_of=as_of, as_json=as_json))


async def _print_everything(desk: Desk, *, number: str) -> None:
    originator = await read_number(desk, number)
    consent = list_consent(desk, ConsentFilter(originator=originator))
    for title, records in {"consent": consent, **everything_about(desk, originator)}.items():
        async for record in records.every():
            echo_json({"record": title} | record.as_json())


async def _show(desk: Desk, *, number: str, as_of: datetime | None, as_json: bool) -> None:
    originator = await read_number(desk, number)
    events, stood = await show_consent(desk, originator, as_of=as_of)
    if as_json:
        for event in events:
            echo_json(event.as_json())
        return
    zone = await desk.zone()
    sections = {"consent": [_event_line(event, zone) for event in events]}
    if as_of is None:
        for title, records in everything_about(desk, originator).items():
            found = [for_people(record.as_json(), zone) async for record in records.every()]
            sections[title] = _lines(title, found)
    else:
        sections["stood then"] = _lines("standing", [for_people(standing, zone) for standing in stood])
    whose = f"{originator}{f' as of {moment(as_of, zone)}' if as_of else ''}"
    if not any(sections.values()):
        say(f"nothing is known of {whose}: no text came from it, and nobody brought it in", err=True)
        return
    say(whose)
    for title, lines in sections.items():
        _print_section(title, lines)


def _event_line(event: ConsentRecord, zone: tzinfo) -> str:
    fields = for_people(event.as_json(), zone)
    by = fields.get("operator") or fields["channel"]
    parts = [
        fields["event"],
        fields["list"] or "everything",
        f"by {by}",
        fields["text"] and f'"{fields["text"]}"',
        fields.get("reason"),
    ]
    return f"{fields['seq']:>6}  {fields['at']}  {', '.join(part for part in parts if part)}"


def _print_section(title: str, lines: list[str]) -> None:
    say(f"\n{title}: {len(lines) or 'none'}")
    for line in lines:
        say(f"  {one_line(line)}")


def _lines(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records of a kind, a line each, in aligned columns if SHOWN_FIELDS has the kind.

    >>> _lines("lists", [{"list": "news", "status": "subscribed", "since": "2026-11-23T12:00:00Z", "language": None}])
    ['news  subscribed  2026-11-23T12:00:00Z']
    """
    if kind not in SHOWN_FIELDS:
        return [", ".join(_named_values(record)) for record in records]
    rows = [[one_line(str(record[name] or "")) for name in SHOWN_FIELDS[kind]] for record in records]
    return list(aligned(rows)) if rows else []


def _named_values(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _named_values(value)
        elif value not in (None, False, 0, ""):
            shown = name.replace("_", " ")
            yield shown if value is True else f"{shown} {one_line(str(value))}"


@app.command("recent")
def recent(*, limit: Limit = None, as_json: AsJson = False) -> None:
    """List opt-outs that somebody made by a phrase, with the text, so that one that was misread is seen.

    'responder consent correct' takes such an opt-out back.
    """
    print_list(list_opt_outs_by_phrase, PHRASED, limit=limit, as_json=as_json, empty=NOBODY_BY_PHRASE)


@app.command("correct")
def correct(
    number: Number,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why the opt-out was none; it is kept in the ledger.")],
    yes: Yes = False,
) -> None:
    """Take back an opt-out that a phrase, a doubt, an import or a person of yours made, never a bare STOP."""
    confirm(f"Let {number} be texted again, against the opt-out that is in the ledger?", yes=yes)
    with_desk(partial(_correct, number=number, reason=reason))


async def _correct(desk: Desk, *, number: str, reason: str) -> None:
    originator = await read_number(desk, number)
    lists = await correct_opt_out(desk, originator, reason=reason, operator=operator_name())
    back = f", and is on these lists again: {', '.join(lists)}" if lists else ""
    say(f"{originator} may be texted again{back}")


@app.command("erase")
def erase(number: Number, *, yes: Yes = False) -> None:
    """Erase a number and its texts from every table.

    A keyed hash stays, so that it is not texted again before its own START.
    """
    if not yes:
        typer.confirm(f"Erase {number} with all its messages, appointments and lists for good?", abort=True, err=True)
    with_desk(partial(_erase, number=number))


async def _erase(desk: Desk, *, number: str) -> None:
    found = await erase_number(desk, await read_number(desk, number), operator=operator_name())
    say(f"erased from {counted(found, 'row')}; whoever has this number now is texted only after a START")
