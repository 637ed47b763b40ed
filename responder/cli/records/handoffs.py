"""responder handoffs: what waits for a person, and what the person does about it."""

from functools import partial
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Limit
from responder.cli.terminal.output import Column, echo_json, moment, one_line, say, short_key
from responder.cli.terminal.session import only_one, operator_name, print_list, webhooks_for, with_store
from responder.core.operations.records import HandOffRecord
from responder.core.rules.webhooks import Event
from responder.core.sms.address import canonical, is_dialable
from responder.core.sms.segments import size
from responder.core.sms.text import clean
from responder.errors import ResponderError
from responder.settings.model import load_settings
from responder.store.handoffs.closing import Answer, Closed, Closing, answer, close
from responder.store.handoffs.handoffs import find_handoffs, list_handoffs, said_since
from responder.wiring import Store, utc_now

NO_HANDOFFS = (
    "nothing waits for a person: a rule with 'hand_off', an unclear answer, or what may be a STOP puts a text here"
)
NEVER_A_HANDOFF = (
    "no text was ever handed to a person: a rule with 'hand_off' does that, an unclear answer, or what may be a STOP"
)
LONGEST_NOTE = 1000  # characters
MAX_SEGMENTS, MOST_SEGMENTS = 3, 10
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
    print_list(list_handoffs(every=every), _columns(every=every), limit=limit, as_json=as_json, empty=empty)


def _columns(*, every: bool) -> list[Column[HandOffRecord]]:
    columns: list[Column[HandOffRecord]] = [
        Column(title="key", value=lambda record: short_key(record.key)),
        Column(title="opened", value=lambda record: moment(record.opened_at)),
        Column(title="number", value=lambda record: record.originator),
        Column(title="marketing", value=lambda record: "held" if _holds_marketing(record) else ""),
        Column(title="reason", value=lambda record: record.reason, wide=True),
        Column(title="text", value=lambda record: record.text, wide=True),
        Column(title="later texts", value=lambda record: str(record.later_texts or "")),
    ]
    done_at: Column[HandOffRecord] = Column(title="done", value=lambda record: moment(record.closed_at))
    return [*columns, done_at] if every else columns


def _holds_marketing(record: HandOffRecord) -> bool:
    return record.holds_marketing and not record.closed_at


@app.command("show")
def show(key: HandOffKey, *, as_json: AsJson = False) -> None:
    """Show one hand-off, and what was said since: the number's texts, and ours."""
    with_store(partial(_show, beginning=key, as_json=as_json))


async def _show(store: Store, *, beginning: str, as_json: bool) -> None:
    record = await _one(store, beginning)
    if as_json:
        echo_json(record.as_json())
        return
    for name, value in record.as_json().items():
        if value not in (None, False, 0):
            say(f"{name.replace('_', ' '):<{LABEL}}{one_line('yes' if value is True else str(value))}")
    for number, line in enumerate(await _conversation(store, record)):
        say(f"{'' if number else 'since':<{LABEL}}{one_line(line)}")


async def _conversation(store: Store, record: HandOffRecord) -> list[str]:
    """The texts since the hand-off was opened, by time."""
    return [
        f"{moment(text.at)} {'<' if text.is_ours else '>'} {text.text}{f' ({text.fate})' if text.fate else ''}"
        for text in await said_since(store.database, record)
    ]


@app.command("done")
def done(
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
    if len(note) > LONGEST_NOTE:
        raise typer.BadParameter(
            f"{len(note)} characters, at most {LONGEST_NOTE} are kept: shorten it", param_hint="--note"
        )
    with_store(partial(_done, beginning=key, note=note, opts_out=opts_out))


async def _done(store: Store, *, beginning: str, note: str, opts_out: bool) -> None:
    record = await _one(store, beginning)
    tell = await webhooks_for(store, Event.CONSENT_CHANGED) if opts_out else frozenset()
    closing = Closing(operator=operator_name(), note=clean(note), opts_out=opts_out)
    closed = await close(store.database, store.secret, record.key, closing, now=utc_now(), tell=tell)
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
        changes.append(f"{closed.others} more of {originator} are open")
    return "".join(f"; {change}" for change in changes)


@app.command("reply")
def reply(
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
    with_store(partial(_reply, beginning=key, typed=text, max_segments=max_segments))


async def _reply(store: Store, *, beginning: str, typed: str, max_segments: int) -> None:
    text = clean(typed).strip()
    _check_length(text, max_segments)
    record = await _one(store, beginning)
    await _check_ends(record)
    step_key, is_new = await answer(
        store.database, store.secret, record.key, Answer(operator=operator_name(), text=text), utc_now()
    )
    if not is_new:
        say(f"delivery {step_key} says the same already, a moment ago: nothing more is sent", err=True)
        return
    say(f"delivery {step_key} to {record.originator} is queued: a running worker sends it within seconds")


def _check_length(text: str, max_segments: int) -> None:
    if not text:
        raise typer.BadParameter("nothing stands here, write what to send", param_hint="TEXT")
    length = size(text)
    if length.segments > max_segments:
        units = f"{length.segments} segments ({length.encoding}, {length.units} units)"
        longer = f", or give --max-segments {length.segments}" if length.segments <= MOST_SEGMENTS else ""
        takes = f"it takes {units}, at most {max_segments} are sent"
        raise typer.BadParameter(f"{takes}: shorten it{longer}", param_hint="TEXT")


async def _check_ends(record: HandOffRecord) -> None:
    """Raise ResponderError unless the number can be answered by text."""
    sender = load_settings().sender
    if not is_dialable(record.originator):
        reason = f"{record.originator or 'it'} is no international number, so it cannot be answered by text"
        raise ResponderError(f"hand-off {record.key}: {reason}")
    if record.originator in {record.destination, canonical(sender) if sender else None}:
        raise ResponderError(f"hand-off {record.key}: {record.originator} is a number of ours, which is never answered")


async def _one(store: Store, beginning: str) -> HandOffRecord:
    found = await find_handoffs(store.database, beginning)
    return only_one(found, beginning, of="hand-off", listed_by="responder handoffs list --all")
