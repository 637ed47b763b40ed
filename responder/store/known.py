"""What is known of originators, read for a whole batch in a constant number of queries."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.effects import AppointmentStatus, Purpose, StepStatus
from responder.core.known import LATE, Appointment, Known, Subscription, SubscriptionStatus
from responder.core.message import Order
from responder.core.sent import REMEMBERED, Sent
from responder.core.suppression import SHADOWED
from responder.store.database import Database
from responder.store.erasure import erased_among
from responder.store.handoffs import paused
from responder.store.questions import read_questions
from responder.store.tables import appointments, contacts, steps, subscriptions, uses

_SENT = (
    select(steps.c.originator, steps.c.created_at, steps.c.arrived_at, steps.c.content, steps.c.purpose)
    .where(
        steps.c.kind == text("'reply'"),
        steps.c.originator.in_(bindparam("originators", expanding=True)),
        steps.c.created_at > bindparam("since"),
        or_(steps.c.status != StepStatus.SUPPRESSED, steps.c.last_error == SHADOWED),
    )
    .order_by(steps.c.seq)
)


async def read_known(
    database: Database, secret: bytes, originators: Collection[str], now: datetime
) -> dict[str, Known]:
    """What is known of each of the originators, with all that mattered at a moment or has since. Raises StorageError."""
    async with database.read() as connection:
        people = (await connection.execute(select(contacts).where(contacts.c.originator.in_(originators)))).all()
        theirs = (
            await connection.execute(select(subscriptions).where(subscriptions.c.originator.in_(originators)))
        ).all()
        near = (appointments.c.originator.in_(originators)) & (appointments.c.starts_at > now - LATE)
        dates = (await connection.execute(select(appointments).where(near).order_by(appointments.c.starts_at))).all()
        gone = await erased_among(connection, secret, originators)
        asked = await read_questions(connection, originators, now)
        used = (await connection.execute(select(uses).where(uses.c.originator.in_(originators)))).all()
        sent = await read_sent(connection, originators, now)
        handed_off = await paused(connection, originators)
    on_lists: dict[str, dict[str, Subscription]] = defaultdict(dict)
    for row in theirs:
        on_lists[row.originator][row.list] = subscription_from(row).at(now)
    dated: dict[str, list[Appointment]] = defaultdict(list)
    for row in dates:
        dated[row.originator].append(appointment_from(row))
    last_uses: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in used:
        last_uses[row.originator][row.of] = row.used_at
    by_originator = {row.originator: row for row in people}
    return {
        originator: _erased(
            _known(
                originator,
                by_originator.get(originator),
                subscriptions=on_lists[originator],
                appointments=tuple(dated[originator]),
                questions=asked.get(originator, ()),
                uses=last_uses[originator],
                sent=tuple(sent[originator]),
                paused_until=handed_off.get(originator),
            ),
            gone,
        )
        for originator in originators
    }


async def read_sent(connection: AsyncConnection, originators: Collection[str], now: datetime) -> dict[str, list[Sent]]:
    """The texts that were queued lately for each of the originators."""
    sent: dict[str, list[Sent]] = defaultdict(list)
    for row in (await connection.execute(_SENT, {"originators": list(originators), "since": now - REMEMBERED})).all():
        sent[row.originator].append(
            Sent(at=row.created_at, text=row.content, purpose=Purpose(row.purpose), answers_at=row.arrived_at)
        )
    return sent


def _erased(known: Known, gone: Mapping[str, datetime]) -> Known:
    """What is known of a number that was erased: that it opted out then at the latest, until it says START."""
    if known.originator not in gone:
        return known
    erased_at = gone[known.originator]
    known = replace(
        known, erased_at=erased_at, consent_by_hand_at=max(filter(None, (erased_at, known.consent_by_hand_at)))
    )
    return known if known.consent_order else replace(known, opted_out=True, was_erased=True)


def _known(originator: str, row: Row[Any] | None, **others: Any) -> Known:  # noqa: ANN401  (what stands in other tables)
    if row is None:
        return Known(originator=originator, **others)
    return Known(
        originator=originator,
        revision=row.revision,
        language=row.language,
        language_order=_order(row.language_at, row.language_seq),
        fields=json.loads(row.fields) if row.fields != "{}" else {},
        field_orders=read_orders(row.field_orders) if row.field_orders != "{}" else {},
        opted_out=row.opted_out,
        consent_order=_order(row.consent_at, row.consent_seq),
        consent_by_hand_at=row.by_hand_at,
        rebooked_at=row.rebooked_at,
        confirmed_at=row.confirmed_at,
        muted_until=row.muted_until,
        **others,
    )


def _order(at: datetime | None, seq: int | None) -> Order | None:
    return Order(at, seq or 0) if at else None


def read_orders(stored: str) -> dict[str, Order]:
    """The orders of fields, as they stand with a contact."""
    return {name: Order(datetime.fromisoformat(at), seq) for name, (at, seq) in json.loads(stored).items()}


def written_orders(orders: Mapping[str, Order]) -> str:
    """The orders of fields, as they are kept with a contact."""
    return json.dumps({name: (order.at.isoformat(), order.seq) for name, order in orders.items()}) if orders else "{}"


def subscription_from(row: Row[Any]) -> Subscription:
    """A subscription from its row."""
    return Subscription(
        list=row.list,
        status=SubscriptionStatus(row.status),
        since=row.since,
        order=_order(row.order_at, row.order_seq),
        by_hand_at=row.by_hand_at,
        taken_by_stop=row.taken_by_stop,
        ends_at=row.ends_at,
    )


def appointment_from(row: Row[Any]) -> Appointment:
    """An appointment from its row."""
    return Appointment(
        id=row.id,
        originator=row.originator,
        starts_at=row.starts_at,
        status=AppointmentStatus(row.status),
        updated_at=row.updated_at,
        name=row.name,
        service=row.service,
        location=row.location,
        language=row.language,
        asked_at=row.asked_at,
        order=_order(row.order_at, row.order_seq),
        by_hand_at=row.by_hand_at,
        version=row.version,
        unclear_at=row.unclear_at,
        last_asked_at=row.last_asked_at,
        asked_from=row.asked_from,
    )
