"""What is known of originators, read for a whole batch in a constant number of queries."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepStatus
from responder.core.contact.known import LATE, Appointment, Known, Subscription
from responder.core.sms.message import Order
from responder.store.appointments.rows import appointment_from
from responder.store.base.bulk import among_listed
from responder.store.base.database import Database
from responder.store.base.records import from_row, order_of
from responder.store.base.sqlite.in_place import SMALL, kept
from responder.store.base.tables import appointments, contacts, reminders, steps, subscriptions, uses
from responder.store.consent.stopping import erased_among
from responder.store.handoffs.handoffs import paused_and_doubted
from responder.store.inbox.questions import read_questions
from responder.store.queue.entering import read_sent

NOT_HELD = (None, None)  # by a person, or by a doubt
_WAITS = (steps.c.key == uses.c.step_key) & (steps.c.status == StepStatus.QUEUED)
_ASKED_LAST = (
    (reminders.c.appointment_id == appointments.c.id)
    & (reminders.c.done_at == appointments.c.last_asked_at)
    & (reminders.c.key == steps.c.message_key)
    & (steps.c.status == StepStatus.QUEUED)
)
_CONTACTS = kept(select(contacts).where(among_listed(contacts.c.originator, "originators")))
_ON_LISTS = kept(select(subscriptions).where(among_listed(subscriptions.c.originator, "originators")))
_DATED = kept(
    select(appointments, exists().where(_ASKED_LAST).label("asking_waits"))
    .where(among_listed(appointments.c.originator, "originators"), appointments.c.starts_at > bindparam("since"))
    .order_by(appointments.c.starts_at)
)
_USED = kept(select(uses, steps.c.seq).outerjoin(steps, _WAITS).where(among_listed(uses.c.originator, "originators")))


async def read_known(
    database: Database, secret: bytes, originators: Collection[str], now: datetime, *, in_place: bool = False
) -> dict[str, Known]:
    """What is known of each originator, with all that mattered at a moment or has since.

    A worker reads it ``in_place``, unless they are many.
    """
    async with database.read(is_small=in_place and len(originators) <= SMALL) as connection:
        found = await connection.execute(_CONTACTS, {"originators": originators})
        rows = {row.originator: row for row in found.all()}
        on_lists = await _subscriptions(connection, originators, now)
        dated = await _appointments(connection, originators, now)
        gone = await erased_among(connection, secret, originators)
        questions = await read_questions(connection, originators, now)
        last_uses, unsent = await _uses(connection, originators)
        sent = await read_sent(connection, originators, now, _first_asked_at(dated, now))
        held = await paused_and_doubted(connection, originators)
    known = (
        _known(
            originator,
            rows.get(originator),
            subscriptions=on_lists[originator],
            appointments=tuple(dated[originator]),
            questions=questions.get(originator, ()),
            uses=last_uses[originator],
            unsent_uses=frozenset(unsent.get(originator, ())),
            sent=tuple(sent[originator]),
            paused_until=held.get(originator, NOT_HELD)[0],
            doubted_at=held.get(originator, NOT_HELD)[1],
        )
        for originator in originators
    )
    return {one.originator: _erased(one, gone) for one in known}


async def _subscriptions(
    connection: AsyncConnection, originators: Collection[str], now: datetime
) -> Mapping[str, dict[str, Subscription]]:
    found: dict[str, dict[str, Subscription]] = defaultdict(dict)
    for row in (await connection.execute(_ON_LISTS, {"originators": originators})).all():
        found[row.originator][row.list] = subscription_from(row).at(now)
    return found


async def _appointments(
    connection: AsyncConnection, originators: Collection[str], now: datetime
) -> Mapping[str, list[Appointment]]:
    found: dict[str, list[Appointment]] = defaultdict(list)
    for row in (await connection.execute(_DATED, {"originators": originators, "since": now - LATE})).all():
        found[row.originator].append(appointment_from(row, asking_waits=row.asking_waits))
    return found


def _first_asked_at(dated: Mapping[str, Sequence[Appointment]], now: datetime) -> datetime | None:
    asked = (one.asked_at for theirs in dated.values() for one in theirs if one.asked_at and now < one.starts_at)
    return min(asked, default=None)


async def _uses(
    connection: AsyncConnection, originators: Collection[str]
) -> tuple[Mapping[str, dict[str, datetime]], Mapping[str, set[str]]]:
    """What each has used up and when, and what of it by a reply still to leave."""
    last: dict[str, dict[str, datetime]] = defaultdict(dict)
    unsent: dict[str, set[str]] = defaultdict(set)
    for row in (await connection.execute(_USED, {"originators": originators})).all():
        last[row.originator][row.of] = row.used_at
        if row.seq:
            unsent[row.originator].add(row.of)
    return last, unsent


def _erased(known: Known, gone: Mapping[str, datetime]) -> Known:
    """What is known of an erased number: it has opted out until it says START."""
    if known.originator not in gone:
        return known
    erased_at = gone[known.originator]
    known = replace(
        known, erased_at=erased_at, consent_by_hand_at=max(filter(None, (erased_at, known.consent_by_hand_at)))
    )
    return known if known.consent_order else replace(known, opted_out=True, was_erased=True)


def _known(originator: str, row: Row[Any] | None, **others: Any) -> Known:  # noqa: ANN401  (from other tables)
    if row is None:
        return Known(originator=originator, **others)
    return Known(
        originator=originator,
        revision=row.revision,
        language=row.language,
        language_order=order_of(row.language_at, row.language_seq),
        fields=json.loads(row.fields) if row.fields != "{}" else {},
        field_orders=read_orders(row.field_orders) if row.field_orders != "{}" else {},
        opted_out=row.opted_out,
        consent_order=order_of(row.consent_at, row.consent_seq),
        consent_by_hand_at=row.by_hand_at,
        rebooked_at=row.rebooked_at,
        confirmed_at=row.confirmed_at,
        muted_until=row.muted_until,
        **others,
    )


def read_orders(stored: str) -> dict[str, Order]:
    """The orders of fields, as they stand with a contact."""
    return {name: Order(datetime.fromisoformat(at), seq) for name, (at, seq) in json.loads(stored).items()}


def written_orders(orders: Mapping[str, Order]) -> str:
    """The orders of fields, as they are kept with a contact."""
    return json.dumps({name: (order.at.isoformat(), order.seq) for name, order in orders.items()}) if orders else "{}"


def subscription_from(row: Row[Any]) -> Subscription:
    return from_row(Subscription, row, order=order_of(row.order_at, row.order_seq))
