"""What is known of originators, read for a whole batch in a constant number of queries."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from responder.core.contact.effects import StepStatus
from responder.core.contact.known import LATE, Appointment, Known, Subscription
from responder.core.sms.message import Order
from responder.store.appointments.rows import appointment_from
from responder.store.base.database import Database
from responder.store.base.records import from_row, order_of
from responder.store.base.tables import appointments, contacts, steps, subscriptions, uses
from responder.store.consent.erasure import erased_among
from responder.store.handoffs.handoffs import paused
from responder.store.inbox.questions import read_questions
from responder.store.queue.rows import read_sent

_WAITS = (steps.c.key == uses.c.step_key) & (steps.c.status == StepStatus.QUEUED)
_USED = select(uses, steps.c.seq).outerjoin(steps, _WAITS)


async def read_known(
    database: Database, secret: bytes, originators: Collection[str], now: datetime
) -> dict[str, Known]:
    """What is known of each originator, with all that mattered at a moment or has since."""
    async with database.read() as connection:
        people = (await connection.execute(select(contacts).where(contacts.c.originator.in_(originators)))).all()
        theirs = (
            await connection.execute(select(subscriptions).where(subscriptions.c.originator.in_(originators)))
        ).all()
        near = (appointments.c.originator.in_(originators)) & (appointments.c.starts_at > now - LATE)
        dates = (await connection.execute(select(appointments).where(near).order_by(appointments.c.starts_at))).all()
        gone = await erased_among(connection, secret, originators)
        asked = await read_questions(connection, originators, now)
        used = (await connection.execute(_USED.where(uses.c.originator.in_(originators)))).all()
        sent = await read_sent(connection, originators, now)
        handed_off = await paused(connection, originators)
    on_lists: dict[str, dict[str, Subscription]] = defaultdict(dict)
    for row in theirs:
        on_lists[row.originator][row.list] = subscription_from(row).at(now)
    dated: dict[str, list[Appointment]] = defaultdict(list)
    for row in dates:
        dated[row.originator].append(appointment_from(row))
    last_uses: dict[str, dict[str, datetime]] = defaultdict(dict)
    unsent: dict[str, set[str]] = defaultdict(set)
    for row in used:
        last_uses[row.originator][row.of] = row.used_at
        if row.seq:
            unsent[row.originator].add(row.of)
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
                unsent_uses=frozenset(unsent.get(originator, ())),
                sent=tuple(sent[originator]),
                paused_until=handed_off.get(originator),
            ),
            gone,
        )
        for originator in originators
    }


def _erased(known: Known, gone: Mapping[str, datetime]) -> Known:
    """What is known of a number that was erased: that it opted out then at the latest, until it says START."""
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
    """A subscription from its row."""
    return from_row(Subscription, row, order=order_of(row.order_at, row.order_seq))
