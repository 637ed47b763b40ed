"""responder handoffs: what waits for a person, and what the person does about it."""

from datetime import tzinfo
from functools import partial
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Limit
from responder.cli.terminal.output import Column, echo_json, for_people, moment, one_line, say, short_key
from responder.cli.terminal.session import at_desk, operator_name, print_list
from responder.core.operations.front_desk import Closed, HandOffRecord
from responder.desk.desk import Desk, Invalid
from responder.desk.handoffs import (
    MAX_SEGMENTS,
    MOST_SEGMENTS,
    answer_handoff,
    close_handoff,
    list_handoffs,
    read_conversation,
    show_handoff,
)

KEYS_OF_HANDOFFS = "responder handoffs list --all"
NO_HANDOFFS = (
    "nothing waits for a person: a rule with 'hand_off', an unclear answer, or what may be a STOP puts a text here"
)
NEVER_A_HANDOFF = (
    "no text was ever handed to a person: a rule with 'hand_off' does that, an unclear answer, or what may be a STOP"
)
LABEL = 16  # characters before a value

HandOffKey = Annotated[str, typer.Argument(metavar="KEY", help="The key of the hand-off, or enough of its beginning.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, oldest first."""
    empty = NEVER_A_HANDOFF if every else NO_HANDOFFS
    listed, columns = partial(list_handoffs, every=every), _columns(every=every)
    print_list(listed, columns, limit=limit, as_json=as_json, empty=empty)


def _columns(*, every: bool) -> list[Column[HandOffRecord]]:
    columns: list[Column[HandOffRecord]] = [
        Column(title="key", value=lambda record: short_key(record.key)),
        Column(title="opened", value=lambda record: record.opened_at),
        Column(title="number", value=lambda record: record.originator),
        Column(title="marketing", value=lambda record: "held" if record.holds_marketing and not record.done_at else ""),
        Column(title="reason", value=lambda record: record.reason, wide=True),
        Column(title="text", value=lambda record: record.text, wide=True),
        Column(title="appointment", value=_short_appointment, wide=True),
        Column(title="in hand", value=lambda record: record.in_hand_by),
        Column(title="answered", value=lambda record: record.answered_at),
        Column(title="later texts", value=lambda record: str(record.later_texts or "")),
    ]
    done_at: Column[HandOffRecord] = Column(title="done", value=lambda record: record.done_at)
    return [*columns, done_at] if every else columns


def _short_appointment(record: HandOffRecord) -> str | None:
    """Whose appointment it is likely about; the time is in ``show``."""
    one = record.appointment
    return " ".join(filter(None, (one.name, one.id))) if one else None


@app.command("show")
@at_desk(KEYS_OF_HANDOFFS)
async def show(desk: Desk, key: HandOffKey, *, as_json: AsJson = False) -> None:
    """Show one hand-off, and what was said since: the number's texts, and ours."""
    record = await show_handoff(desk, key)
    if as_json:
        echo_json(record.as_json())
        return
    zone = await desk.zone()
    shown = for_people(record.as_json(), zone) | {"message": None, "appointment": _appointment(record, zone)}
    for name, value in shown.items():
        if value not in (None, False, 0):
            say(f"{name.replace('_', ' '):<{LABEL}}{one_line('yes' if value is True else str(value))}")
    for number, line in enumerate(await _conversation(desk, record, zone)):
        say(f"{'' if number else 'since':<{LABEL}}{one_line(line)}")


def _appointment(record: HandOffRecord, zone: tzinfo) -> str | None:
    if (one := record.appointment) is None:
        return None
    return "  ".join(filter(None, (one.id, moment(one.starts_at, zone), one.name, one.service, one.status)))


async def _conversation(desk: Desk, record: HandOffRecord, zone: tzinfo) -> list[str]:
    """The texts since the hand-off was opened, by time."""
    return [
        f"{moment(text.at, zone)} {'<' if text.is_ours else '>'} {text.text}{f' ({text.fate})' if text.fate else ''}"
        for text in await read_conversation(desk, record)
    ]


@app.command("done")
@at_desk(KEYS_OF_HANDOFFS)
async def done(
    desk: Desk,
    key: HandOffKey,
    *,
    note: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="What was done about it; kept with the hand-off, and with its consent event."
        ),
    ] = "",
    opts_out: Annotated[
        bool, typer.Option("--opt-out", help="The text was a STOP: opt the number out, with the text as proof.")
    ] = False,
) -> None:
    """Close a hand-off: rules answer the number again, and marketing goes there again where only this held it back."""
    record, closed = await close_handoff(desk, key, operator=operator_name(), note=note, opts_out=opts_out)
    say(f"hand-off {record.key} is done{_consequences(record.originator, closed, opts_out=opts_out)}")


def _consequences(originator: str, closed: Closed, *, opts_out: bool) -> str:
    """What closing a hand-off changed for its number, and what is still open."""
    changes = []
    if closed.is_opted_out:
        changes += [f"{originator} is opted out"] if opts_out or closed.ended_review else []
    elif closed.ended_review and closed.reviews:
        changes.append(f"marketing is still held back by {closed.reviews} more of {originator}")
    elif closed.ended_review:
        changes.append(f"{originator} gets marketing again")
    if closed.others:
        changes.append(f"{closed.others} more of {originator} {'is' if closed.others == 1 else 'are'} open")
    return "".join(f"; {change}" for change in changes)


@app.command("reply")
@at_desk(KEYS_OF_HANDOFFS)
async def reply(
    desk: Desk,
    key: HandOffKey,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write to the number.")],
    *,
    max_segments: Annotated[
        int, typer.Option(min=1, max=MOST_SEGMENTS, metavar="N", help="How many segments (SMS) it may take.")
    ] = MAX_SEGMENTS,
) -> None:
    """Write to the number of a hand-off, from the number that it has texted.

    The hand-off stays open until it is done.
    """
    try:
        record, step_key, is_new = await answer_handoff(
            desk, key, text, operator=operator_name(), max_segments=max_segments
        )
    except Invalid as error:
        raise Invalid(str(error).replace("max_segments: ", "--max-segments ")) from None
    if not is_new:
        say(f"delivery {step_key} says the same already, a moment ago: nothing more is sent", err=True)
        return
    say(f"delivery {step_key} to {record.originator} is queued: a running worker sends it within seconds")
