"""responder handoffs: what waits for a person, and what the person does about it."""

from functools import partial
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Limit
from responder.cli.terminal.output import Column, echo_json, moment, one_line, say
from responder.cli.terminal.session import operator_name, print_list, webhooks_for, with_store
from responder.core.operations.handoffs import HandOffRecord
from responder.core.rules.webhooks import Event
from responder.core.sms.address import canonical, is_dialable
from responder.core.sms.segments import size
from responder.core.sms.text import clean
from responder.errors import ResponderError
from responder.settings.model import load_settings
from responder.store.handoffs.closing import Answer, Closed, Closing, answer, close
from responder.store.handoffs.handoffs import find_handoffs, list_handoffs, said_since
from responder.wiring import Store, utc_now

EMPTY = "nothing waits for a person: a rule with 'hand_off', an unclear answer, or what may be a STOP puts a text here"
NONE_EVER = (
    "no text was ever handed to a person: a rule with 'hand_off' does that, an unclear answer, or what may be a STOP"
)
SHOWN_OF_A_KEY = 12  # characters, which name a hand-off as well as all of them do
LONGEST_NOTE = 1000  # characters
MAX_SEGMENTS, MOST_SEGMENTS = 3, 10
LABEL = 16  # characters before a value

Key = Annotated[str, typer.Argument(metavar="KEY", help="The key of the hand-off, or enough of its beginning.")]


app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, oldest first."""
    print_list(
        list_handoffs(every=every),
        _columns(every=every),
        limit=limit,
        as_json=as_json,
        empty=NONE_EVER if every else EMPTY,
    )


def _columns(*, every: bool) -> list[Column[HandOffRecord]]:
    columns: list[Column[HandOffRecord]] = [
        Column(title="key", value=lambda record: record.key[:SHOWN_OF_A_KEY]),
        Column(title="opened", value=lambda record: moment(record.opened_at)),
        Column(title="number", value=lambda record: record.originator),
        Column(
            title="marketing", value=lambda record: "held" if record.holds_marketing and not record.closed_at else ""
        ),
        Column(title="reason", value=lambda record: record.reason, wide=True),
        Column(title="text", value=lambda record: record.text, wide=True),
        Column(title="later texts", value=lambda record: str(record.later_texts or "")),
    ]
    done_at: Column[HandOffRecord] = Column(title="done", value=lambda record: moment(record.closed_at))
    return [*columns, done_at] if every else columns


@app.command("show")
def show(key: Key, *, as_json: AsJson = False) -> None:
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
    """What was said since the hand-off was opened, by time."""
    said = await said_since(store.database, record)
    return [
        f"{moment(one.at)} {'<' if one.is_ours else '>'} {one.text}{f' ({one.fate})' if one.fate else ''}"
        for one in said
    ]


@app.command("done")
def done(
    key: Key,
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
    if closed.is_opted_out:
        told = [f"{originator} is opted out"] if opts_out or closed.ended_review else []
    elif closed.ended_review:
        held = (
            f"marketing is still held back by {closed.reviews} more of {originator}"
            if closed.reviews
            else f"{originator} gets marketing again"
        )
        told = [held]
    else:
        told = []
    more = [f"{closed.others} more of {originator} are open"] if closed.others else []
    return "".join(f"; {part}" for part in (*told, *more))


@app.command("reply")
def reply(
    key: Key,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write to the number.")],
    *,
    max_segments: Annotated[
        int, typer.Option(min=1, max=MOST_SEGMENTS, metavar="N", help="How many segments (SMS) it may take.")
    ] = MAX_SEGMENTS,
) -> None:
    """Write to the number of a hand-off, from the number that it has texted. The hand-off stays open until it is done."""
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
        takes = f"it takes {length.segments} segments ({length.encoding}, {length.units} units), at most {max_segments} are sent"
        longer = f", or give --max-segments {length.segments}" if length.segments <= MOST_SEGMENTS else ""
        raise typer.BadParameter(f"{takes}: shorten it{longer}", param_hint="TEXT")


async def _check_ends(record: HandOffRecord) -> None:
    """Raise ResponderError unless the number can be answered at all."""
    sender = load_settings().sender
    if not is_dialable(record.originator):
        raise ResponderError(
            f"hand-off {record.key}: {record.originator or 'it'} is no international number, so it cannot be answered by text"
        )
    if record.originator in {record.destination, canonical(sender) if sender else None}:
        raise ResponderError(f"hand-off {record.key}: {record.originator} is a number of ours, which is never answered")


async def _one(store: Store, beginning: str) -> HandOffRecord:
    match await find_handoffs(store.database, beginning):
        case [record]:
            return record
        case []:
            raise ResponderError(f"no hand-off has the key {beginning!r}: 'responder handoffs list --all' has the keys")
        case _:
            raise ResponderError(f"the keys of several hand-offs begin with {beginning!r}: type more of it")
