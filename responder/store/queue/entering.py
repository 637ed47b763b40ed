"""What enters the queue: steps as rows, and calls of webhooks that subscribe to a change, in its transaction."""

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, insert, or_, select, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.echoes import TEXTS_REMEMBERED, Sent
from responder.core.contact.effects import Purpose, Step, StepKind, StepStatus
from responder.core.operations.records import DeliveryRecord
from responder.core.outbound.events import Happened, consent_changed
from responder.core.outbound.leaving import SHADOWED
from responder.core.rules.sections import Event
from responder.store.base.bulk import among_listed
from responder.store.base.database import Database
from responder.store.base.events import note_event, snapshot
from responder.store.base.locking import chunks
from responder.store.base.records import from_row
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import installation, steps

HEARERS = "hearers of delivery.changed"
CHANGES = frozenset(
    {"opt_in", "opt_in_asked", "opt_out", "corrected"}
)  # the events of the ledger that change what somebody agreed to


def delivery_from(row: Row[Any]) -> DeliveryRecord:
    return from_row(DeliveryRecord, row, to=row.recipient, text=row.content)


async def read_sent(
    connection: AsyncConnection, originators: Collection[str], now: datetime, asked_at: datetime | None = None
) -> dict[str, list[Sent]]:
    """The texts that were queued lately for each of the originators, and the reminders that left since ``asked_at``."""
    sent: dict[str, list[Sent]] = defaultdict(list)
    lately = now - TEXTS_REMEMBERED
    since = asked_at - TEXTS_REMEMBERED if asked_at and asked_at < now else lately
    for row in (await connection.execute(_SENT, {"originators": originators, "since": since, "lately": lately})).all():
        sent[row.originator].append(
            Sent(
                at=row.created_at,
                text=row.content,
                purpose=Purpose(row.purpose),
                answers_at=row.arrived_at,
                waits=row.status == StepStatus.QUEUED,
            )
        )
    return sent


_SENT = kept(
    select(steps.c.originator, steps.c.created_at, steps.c.arrived_at, steps.c.content, steps.c.purpose, steps.c.status)
    .where(
        steps.c.kind == text("'reply'"),
        among_listed(steps.c.originator, "originators"),
        steps.c.created_at > bindparam("since"),
        case(
            (steps.c.purpose == Purpose.REMINDER, steps.c.status != StepStatus.QUEUED),  # nobody has read it yet
            else_=steps.c.created_at > bindparam("lately"),
        ),
        or_(steps.c.status != StepStatus.SUPPRESSED, steps.c.last_error == SHADOWED),
    )
    .order_by(steps.c.seq)
)

Rows = list[dict[str, Any]]


def step_rows(queued: Iterable[Step], now: datetime) -> Rows:
    """Steps as rows, queued, and due at once or when they are to leave."""
    return [
        {
            "key": step.key,
            "message_key": step.message_key,
            "kind": step.kind,
            "originator": step.originator,
            "recipient": step.to,
            "sender": step.sender,
            "content": step.content,
            "purpose": step.purpose,
            "segments": step.segments,
            "expires_at": step.expires_at,
            "arrived_at": step.arrived_at,
            "status": StepStatus.QUEUED,
            "attempts": 0,
            "next_attempt_at": _leaves_at(step, now),
            "keeps_quiet": step.leaves_at is not None or step.purpose is Purpose.REMINDER,
            "created_at": now,
            "updated_at": now,
        }
        for step in queued
    ]


def _leaves_at(step: Step, now: datetime) -> datetime:
    """When a step is due; if the clock was set back since its text came, it waits no longer than it would have."""
    if step.leaves_at is None:
        return now
    longest = step.leaves_at - step.arrived_at if step.arrived_at else step.leaves_at - now
    return max(now, min(step.leaves_at, now + longest))


async def put_hearers(database: Database, webhooks: Collection[str]) -> None:
    """Keep which webhooks ask for the fate of replies: who takes reports knows no rules."""
    written = " ".join(sorted(webhooks))
    insert_into = database.insert
    put = insert_into(installation).values(name=HEARERS, value=written)
    async with database.write() as connection:
        await connection.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": written}))


async def read_hearers(connection: AsyncConnection) -> frozenset[str]:
    """The webhooks that ask for the fate of replies, by the rules that a worker read last."""
    query = select(installation.c.value).where(installation.c.name == HEARERS)
    return frozenset(((await connection.execute(query)).scalar_one_or_none() or "").split())


async def announce(
    connection: AsyncConnection, happened: Iterable[tuple[str, Happened]], webhooks: Collection[str], now: datetime
) -> None:
    """Note what was changed for these originators other than by a message, and tell webhooks.

    Changes of consent are noted by the ledger.
    """
    happened = list(happened)
    for _, one in happened:
        if one.event is Event.APPOINTMENT_CHANGED:
            appointment = one.data["appointment"]
            note_event(connection, one.event, now, subject=appointment["id"], details=snapshot(appointment))
        elif one.event is Event.HANDOFF_CLOSED:
            details = {"opted_out": one.data["opted_out"]}
            note_event(connection, one.event, now, message_key=one.data["key"], details=details)
    names = sorted(webhooks)
    if not names:
        return
    change = secrets.token_hex(16)  # stands where calls that a message leads to have its key
    calls_due = ((originator, name, one) for originator, one in happened for name in names)
    calls = (
        _call((f"{change}-{n}", change), originator, name, one.as_json(now))
        for n, (originator, name, one) in enumerate(calls_due, start=1)
    )
    for some in chunks(step_rows(calls, now)):
        await connection.execute(insert(steps), some)


async def announce_consent(
    connection: AsyncConnection, events: Iterable[Mapping[str, Any]], webhooks: Collection[str], now: datetime
) -> None:
    """Tell webhooks of the changes among events that the ledger has by now and no rule brought about."""
    changes = ((event["originator"], consent_changed(event)) for event in events if event["event"] in CHANGES)
    await announce(connection, changes, webhooks, now)


def _call(keys: tuple[str, str], originator: str, name: str, content: str, sender: str = "") -> Step:
    return Step(
        key=keys[0],
        message_key=keys[1],
        kind=StepKind.WEBHOOK,
        originator=originator,
        to=name,
        sender=sender,
        content=content,
    )


async def announce_deliveries(
    connection: AsyncConnection, changed: Mapping[str, StepStatus], webhooks: Collection[str], now: datetime
) -> None:
    """Note what has become of replies, and tell webhooks, in the caller's transaction and after the change."""
    for key, status in changed.items():
        if status is not StepStatus.QUEUED:
            note_event(connection, Event.DELIVERY_CHANGED, now, subject=key, details={"status": status})
    keys = list(changed)
    if not keys or not webhooks:
        return
    of_keys = (steps.c.key.in_(keys)) & (steps.c.kind == StepKind.REPLY) & (steps.c.status != StepStatus.QUEUED)
    rows = (await connection.execute(select(steps).where(of_keys).order_by(steps.c.seq))).all()
    calls = [call for row in rows for call in _calls(row, sorted(webhooks), now)]
    if calls:
        await connection.execute(insert(steps), step_rows(calls, now))


def _calls(row: Row[Any], webhooks: Collection[str], now: datetime) -> Iterator[Step]:
    """One call for each webhook. Its id includes the time, since a reply can reach the same status twice."""
    happened = Happened(event=Event.DELIVERY_CHANGED, data=delivery_from(row).as_json())
    for number, name in enumerate(webhooks, start=1):
        key = f"{row.key}-{row.status}-{int(now.timestamp() * 1000):x}-{number}"
        yield _call((key, row.message_key), row.originator, name, happened.as_json(now), row.sender)


BEGINNING = json.dumps({"type": str(Event.CONSENT_CHANGED)})[:-1]  # of the content of a call about consent


def tells_of_consent(step: Step) -> bool:
    return step.kind is StepKind.WEBHOOK and step.content.startswith(BEGINNING)


def numbered(calls: Iterable[Step], events: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
    """The calls about consent, each with the number and the channel of its own event in the ledger."""
    kept: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    turns: dict[tuple[str, ...], Iterator[Mapping[str, Any]]] = {}
    for event in events:
        kept[event["message_key"], event["list"], event["event"]].append(event)
    for call in calls:
        body = json.loads(call.content)
        data = body["data"]
        change = (call.message_key, data["list"], data["event"])
        own = next(turns.setdefault((*change, call.to), iter(kept[change])), None)
        data |= {"sequence": own["seq"], "channel": own["channel"]} if own else {"sequence": None}
        yield replace(call, content=json.dumps(body, ensure_ascii=False))
