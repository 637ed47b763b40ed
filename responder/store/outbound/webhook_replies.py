"""Replies that wait for what a webhook answers: each is decided once, by whoever deletes its row."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, true, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Mute, Purpose, Reply, Step, StepKind, StepStatus
from responder.core.contact.known import Known
from responder.core.outbound.leaving import LastStop
from responder.core.outbound.webhook_replies import ANSWER_WITHIN, from_json, settled, to_json
from responder.core.rules.limits import Limits
from responder.core.sms.text import size
from responder.store.base.database import Database
from responder.store.base.locking import in_order
from responder.store.base.tables import awaited, contacts, steps
from responder.store.queue.ending import ended_among, last_stop
from responder.store.queue.entering import Rows, announce_deliveries, read_hearers, read_sent, step_rows

_ANY: ColumnElement[bool] = true()
IN_FRONT = 1000  # replies that are looked at, of which calls that are under way are a few
TOGETHER = 200  # in one transaction, so that nobody waits long for the lock


def awaited_rows(queued: Iterable[Step], now: datetime) -> Rows:
    """The replies that wait for the answers of calls, as rows."""
    return [
        {
            "step_key": step.key,
            "originator": step.originator,
            "content": to_json(step.awaited),
            "deadline_at": now + ANSWER_WITHIN,
        }
        for step in queued
        if step.awaited
    ]


async def begin_waiting(connection: AsyncConnection, keys: Collection[str], now: datetime) -> frozenset[str]:
    """Note that calls begin now, and tell for which of them a reply waits."""
    # of one that is locked somebody decides just now
    mine = in_order(awaited.c.step_key, awaited.c.step_key.in_(keys), skip_locked=True)
    theirs = update(awaited).where(mine).values(deadline_at=now + ANSWER_WITHIN)
    return frozenset((await connection.execute(theirs.returning(awaited.c.step_key))).scalars())


async def settle(
    connection: AsyncConnection,
    database: Database,
    said: Mapping[str, bytes | None],
    limits: Limits,
    now: datetime,
    still: ColumnElement[bool] = _ANY,
) -> None:
    """Queue what goes out by the answers of calls; None for one that gave none in time.

    Of those that are not ``still`` so when their contacts are locked, others decide.
    """
    mine = awaited.c.step_key.in_(said)
    originators = sorted(set((await connection.execute(select(awaited.c.originator).where(mine))).scalars()))
    known, stops = await _known(connection, originators, now)
    calls = select(steps).where(steps.c.key.in_(said)).order_by(steps.c.key)
    by_key = {row.key: row for row in (await connection.execute(calls)).all()}
    taken = (
        await connection.execute(
            delete(awaited)
            .where(in_order(awaited.c.step_key, mine, still))
            .returning(awaited.c.step_key, awaited.c.content)
        )
    ).all()
    ended = await ended_among(connection, list(by_key.values()), stops)
    for row in sorted(taken, key=lambda row: str(row.step_key)):
        call = by_key[row.step_key]
        phone = known[call.originator]
        phone = replace(phone, opted_out=phone.opted_out or call.key in ended)
        outcome = settled(from_json(row.content), said[row.step_key], phone, limits, call.arrived_at or now)
        known[call.originator] = await _queue(connection, database, call, outcome, known[call.originator], now)


async def settle_unanswered(database: Database, limits: Limits, now: datetime, paused: Collection[str] = ()) -> int:
    """Queue what goes out where no answer will come in time, and give how many.

    These are calls that have not begun by then, and those to webhooks that are ``paused``.
    """
    late = awaited.c.deadline_at <= now
    in_turn = select(awaited.c.step_key).where(late).order_by(awaited.c.deadline_at).limit(IN_FRONT)
    unbegun: ColumnElement[bool] = (steps.c.status != StepStatus.SENDING) & awaited.c.step_key.in_(in_turn)
    if paused:
        late, unbegun = _ANY, (steps.c.status == StepStatus.QUEUED) & steps.c.recipient.in_(sorted(paused))
    query = select(awaited.c.step_key).join(steps, steps.c.key == awaited.c.step_key).where(unbegun).limit(TOGETHER)
    if not await database.row(query):
        return 0
    found = 0
    while True:
        async with database.write() as connection:
            keys = list((await connection.execute(query)).scalars())
            await settle(connection, database, dict.fromkeys(keys), limits, now, late)
        found += len(keys)
        if len(keys) < TOGETHER:
            return found


async def _known(
    connection: AsyncConnection, originators: Collection[str], now: datetime
) -> tuple[dict[str, Known], dict[str, LastStop]]:
    """What limits need to know of the phones, and their opt-outs; the contacts are locked."""
    query = select(contacts).where(contacts.c.originator.in_(originators)).order_by(contacts.c.originator)
    rows = {row.originator: row for row in (await connection.execute(query.with_for_update())).all()}
    sent = await read_sent(connection, originators, now)
    known = {originator: _phone(originator, rows.get(originator), sent[originator]) for originator in originators}
    return known, {originator: stop for originator, row in rows.items() if (stop := last_stop(row))}


def _phone(originator: str, row: Row[Any] | None, sent: Iterable[Sent]) -> Known:
    known = Known(originator=originator, sent=tuple(sent))
    return replace(known, opted_out=row.opted_out, muted_until=row.muted_until) if row else known


async def _queue(
    connection: AsyncConnection,
    database: Database,
    call: Row[Any],
    outcome: Iterable[Reply | Mute],
    known: Known,
    now: datetime,
) -> Known:
    """Queue the texts that a call led to, unless a limit holds them back."""
    for one in outcome:
        if isinstance(one, Mute):
            await _mute(connection, database, known.originator, one.until)
            known = replace(known, muted_until=one.until)
            continue
        row = step_rows([_step(call, one)], now)[0]
        held = (
            {"status": StepStatus.SUPPRESSED, "next_attempt_at": None, "last_error": one.held_back}
            if one.held_back
            else {}
        )
        await connection.execute(insert(steps).values(row | held))
        if held:
            await announce_deliveries(
                connection, {row["key"]: StepStatus.SUPPRESSED}, await read_hearers(connection), now
            )
        else:
            known = replace(
                known, sent=(*known.sent, Sent(at=now, text=one.text, purpose=one.purpose, answers_at=call.arrived_at))
            )
    return known


def _step(call: Row[Any], reply: Reply) -> Step:
    return Step(
        key=f"{call.key}-{'n' if reply.purpose is Purpose.NOTICE else 'r'}",  # short: event ids are made of it
        message_key=call.message_key,
        kind=StepKind.REPLY,
        originator=call.originator,
        to=call.originator,
        sender=call.sender,
        content=reply.text,
        purpose=reply.purpose,
        segments=size(reply.text).segments,
        expires_at=reply.expires_at,
        arrived_at=call.arrived_at,
    )


async def _mute(connection: AsyncConnection, database: Database, originator: str, until: datetime) -> None:
    put = database.insert(contacts).values(originator=originator, revision=1, muted_until=until)
    moved = {"revision": contacts.c.revision + 1, "muted_until": until}
    await connection.execute(put.on_conflict_do_update(index_elements=["originator"], set_=moved))
