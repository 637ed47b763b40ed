"""Appending to the consent ledger: once a batch, right before the commit, since a chain serialises its writers."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.consent.ledger import Head, chained_hash, commitment
from responder.core.contact.effects import (
    CloseDoubts,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Purpose,
    Step,
    StepKind,
    Subscribe,
    Unsubscribe,
)
from responder.core.contact.question import Ask
from responder.core.deciding.plan import Plan
from responder.core.outbound.leaving import why_suppressed
from responder.core.recognition.outcome import Outcome
from responder.core.rules.sections import Event as Kind
from responder.core.sms.times import iso
from responder.errors import StorageError
from responder.store.base.bulk import execute_many
from responder.store.base.events import note_event
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import consent_events, installation
from responder.store.queue.entering import CHANGES

HEAD = "ledger_head"
OPERATOR = "operator"  # the channel of what is done by hand
_ADD = insert(consent_events)
_HEAD = kept(select(installation.c.value).where(installation.c.name == HEAD).with_for_update())
_MOVE_HEAD = kept(update(installation).where(installation.c.name == HEAD).values(value=bindparam("new_value")))
CHAINED = ("seq", "salt", "commitment", "previous_hash", "hash")  # what the chain itself adds to an event
_EMPTY = dict.fromkeys(column.name for column in consent_events.c if column.name not in CHAINED)
WORDED = ("opt_in", "opt_in_asked", "help")  # events that keep what was shown
PHRASE = "sms_phrase"  # the channel of an opt-out in other words than one
PHRASE_STEPS = (3, 4, 9)  # of the opt-out reference, section 5.2: not one word, but what somebody wrote
LONGEST_PACK = 64
SALT = 16  # bytes of each event's salt
EventRow = dict[str, Any]
Event = tuple[str, str | None, str | None]
"""What happened, to which list (None: all), and by which word."""


def consent_rows(plan: Plan, now: datetime) -> Iterator[EventRow]:
    """The consent events of a plan, not yet chained."""
    events = list(_events(plan))
    if not events:
        return
    message, wordings = plan.message, _wordings(plan)
    confirmation = next((step.key for step in plan.steps if step.purpose is Purpose.CONFIRMATION), None)
    for event, list_name, word in events:
        yield event_row(
            originator=message.originator,
            list=list_name,
            event=event,
            at=message.order.at,
            recorded_at=now,
            gateway=message.gateway,
            destination=message.destination,
            text=message.text,
            folded=plan.folded,
            word=word,
            rule=plan.rule,
            rules_hash=plan.rules_hash,
            **_recognised(plan),
            wording=wordings.get(list_name, wordings[None]) if event in WORDED else None,
            message_key=message.key,
            confirmation_key=confirmation,
        )


def _wordings(plan: Plan) -> Mapping[str | None, str | None]:
    """The wordings kept with events: each list's question, and the first other text for all else."""
    shown = {step.key: step.content for step in plan.steps if _leaves(step, plan)}
    asked = {
        choice.subject: one.question.key
        for one in plan.effects
        if isinstance(one, Ask)
        for choice in one.question.choices
    }
    others = (text for key, text in shown.items() if key not in asked.values())
    return {None: next(others, None), **{name: shown.get(key) for name, key in asked.items()}}


def _leaves(step: Step, plan: Plan) -> bool:
    """Whether a text goes out, as far as the plan can tell: not to who wants no texts."""
    return (
        step.kind is StepKind.REPLY
        and why_suppressed(step.purpose, None, plan.message.received_at, opted_out=plan.after.opted_out) is None
    )


def _events(plan: Plan) -> Iterator[Event]:
    yield from filter(None, map(_change, plan.effects))
    # which changes nothing, and shows that whoever asked was told who writes
    if plan.recognition.outcome is Outcome.HELP:
        yield "help", None, plan.recognition.typed


def _recognised(plan: Plan) -> EventRow:
    """How the message was understood: by a word or freely, by which step and pack."""
    found = plan.recognition
    if found.word is None:
        return {"channel": "sms_keyword"}
    channel = PHRASE if found.step in PHRASE_STEPS else "sms_keyword"
    return {
        "channel": channel,
        "step": str(found.step),
        "pack": f"{found.word.language} {found.word.version}"[:LONGEST_PACK],
    }


def event_row(
    *,
    event: str,
    at: datetime,
    recorded_at: datetime | None = None,
    channel: str = OPERATOR,
    **others: Any,  # noqa: ANN401  (any column)
) -> EventRow:
    """An event that is not yet chained; columns that are not given are empty."""
    return {**_EMPTY, "event": event, "at": at, "recorded_at": recorded_at or at, "channel": channel, **others}


def _change(effect: Effect) -> Event | None:
    """The event, the list (None: all) and the word of an effect on consent. None for any other effect."""
    match effect:
        case Subscribe(list=name, asks=True):
            return "opt_in_asked", name, None
        case Subscribe(list=name):
            return "opt_in", name, None
        case Unsubscribe(list=name):
            return "opt_out", name, None
        case OptOut(word=word):
            return "opt_out", None, word
        case OptIn(word=word):
            return "opt_in", None, word
        case OpenHandOff(holds_marketing=True, word=word):
            return "review_opened", None, word
        case CloseDoubts():
            return "review_closed", None, None
        case _:
            return None


async def append(connection: AsyncConnection, rows: Iterable[EventRow], secret: bytes) -> Sequence[EventRow]:
    """Chain the events to the ledger, move its head, and give them as they stand there.

    Raises StorageError if the head was tampered with.
    """
    unchained = list(rows)
    if not unchained:
        return ()
    head = read_head((await connection.execute(_HEAD)).scalar_one(), secret)
    chained = []
    salts = secrets.token_hex(SALT * len(unchained))
    for start, row in zip(range(0, len(salts), 2 * SALT), unchained, strict=True):
        event = _chained(row, head, salts[start : start + 2 * SALT])
        head = Head(count=event["seq"], hash=event["hash"])
        chained.append(event)
    await execute_many(connection, _ADD, chained)
    await connection.execute(_MOVE_HEAD, {"new_value": written_head(head, secret)})
    for event in chained:
        if event["event"] in CHANGES:
            note_event(
                connection,
                Kind.CONSENT_CHANGED,
                event["recorded_at"],
                message_key=event["message_key"],
                subject=str(event["seq"]),
            )
    return chained


def _chained(row: EventRow, head: Head, salt: str) -> EventRow:
    event = {**row, "seq": head.count + 1, "commitment": commitment(salt, row)}
    event |= {"salt": salt, "previous_hash": head.hash, "hash": chained_hash(head.hash, as_told(event))}
    return event


def as_told(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its times as texts, so that both databases hash to the same."""
    return {**event, "at": iso(event["at"]), "recorded_at": iso(event["recorded_at"])}


def written_head(head: Head, secret: bytes) -> str:
    return json.dumps({"count": head.count, "hash": head.hash, "seal": head.seal(secret)})


def read_head(stored: str, secret: bytes) -> Head:
    """The stored head of the chain; StorageError if its seal does not fit."""
    values = json.loads(stored)
    head = Head(count=values["count"], hash=values["hash"])
    if not secrets.compare_digest(values["seal"], head.seal(secret)):
        raise StorageError(
            "the head of the consent ledger does not fit its seal: "
            "restore it from a backup, or set RESPONDER_SECRET back"
        )
    return head
