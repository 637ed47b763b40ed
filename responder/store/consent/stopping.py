"""Opt-outs that no text made by itself: a person of ours did, or decided that a text was one, or the gateway tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import Order
from responder.store.base.tables import contacts, messages, subscriptions
from responder.store.consent.ledger import EventRow, event_row
from responder.store.queue.ending import end_waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """An opt-out that a person of ours or the gateway tells of, as of a moment by our clock; ``order`` is that of the text it rests on."""

    by_hand_at: datetime
    proof: Mapping[str, Any]
    order: Order | None = None

    @property
    def said_at(self) -> datetime:
        """When it was said."""
        return self.order.at if self.order else self.by_hand_at


async def stop(connection: AsyncConnection, originator: str, said: Stop, now: datetime) -> list[EventRow]:
    """Opt a number out in the caller's transaction; the events for the ledger, each with its proof.

    The contact has to be the caller's already; a list about which a newer word was said stays as it is.
    """
    was = await _lists_before(connection, originator, said)
    text = {"consent_at": said.order.at, "consent_seq": said.order.seq} if said.order else {}
    state = {"opted_out": True, "by_hand_at": latest(contacts.c.by_hand_at, said.by_hand_at), **text}
    await connection.execute(update(contacts).where(contacts.c.originator == originator).values(state))
    await end_waiting(connection, {originator: said.order}, now)
    for name, status in was.items():
        mine = (subscriptions.c.originator == originator) & (subscriptions.c.list == name)
        left: dict[str, Any] = {
            "status": "unsubscribed",
            "since": said.said_at,
            "taken_by_stop": status == SubscriptionStatus.SUBSCRIBED,
        }
        order = {"order_at": said.order.at, "order_seq": said.order.seq} if said.order else {}
        by_hand_at = latest(subscriptions.c.by_hand_at, said.by_hand_at)
        await connection.execute(update(subscriptions).where(mine).values(by_hand_at=by_hand_at, **left, **order))
    proof = {"at": said.said_at, "recorded_at": now, "originator": originator, **said.proof}
    return [event_row(event="opt_out", list=name, **proof) for name in (None, *was)]


def latest(column: ColumnElement[Any], at: Any) -> ColumnElement[Any]:  # noqa: ANN401  (a moment or a column)
    """The later of what stands there and a moment, in SQL of both databases."""
    return case((column > at, column), else_=at)


async def _lists_before(connection: AsyncConnection, originator: str, said: Stop) -> dict[str, str]:
    """The lists that the number is on by an older word, with the status of each."""
    theirs = (subscriptions.c.originator == originator) & (subscriptions.c.status != SubscriptionStatus.UNSUBSCRIBED)
    query = select(subscriptions, messages.c.received_at).outerjoin(
        messages, messages.c.seq == subscriptions.c.order_seq
    )
    rows = (await connection.execute(query.where(theirs).order_by(subscriptions.c.list))).all()
    return {row.list: row.status for row in rows if not _is_newer(row, said)}


def _is_newer(row: Row[Any], said: Stop) -> bool:
    """Whether a list was joined after an opt-out: by a text that is newer than its text, or, without one, by whatever we heard or did later."""
    if said.order:
        return row.order_at is not None and Order(row.order_at, row.order_seq) > said.order
    return any(at is not None and at > said.by_hand_at for at in (row.received_at, row.by_hand_at))
