"""Committing plans: effects, steps, explanations, ledger and the mark "handled", one transaction a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, bindparam, delete, false, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind
from responder.core.deciding.plan import Plan
from responder.core.sms.message import Message, MessageStatus
from responder.store.appointments.rows import drop_stale
from responder.store.base.bulk import among_listed, execute_many
from responder.store.base.database import Database
from responder.store.base.history import add_events
from responder.store.base.sqlite.in_place import SMALL, kept
from responder.store.base.tables import (
    IN_LINE,
    appointments,
    awaited,
    contacts,
    handoffs,
    messages,
    steps,
    subscriptions,
    uses,
)
from responder.store.consent.ledger import append, consent_rows
from responder.store.handoffs.closing import close_doubts
from responder.store.inbox.inbox import still_held
from responder.store.inbox.planned import (
    Planned,
    appointment_rows,
    contact_row,
    event_rows,
    handoff_rows,
    message_row,
    note_plans,
    stops_among,
    subscription_rows,
    use_rows,
)
from responder.store.inbox.questions import put_questions
from responder.store.outbound.webhook_replies import awaited_rows
from responder.store.queue.ending import end_unwanted, end_waiting
from responder.store.queue.entering import numbered, step_rows, tells_of_consent


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """How many messages were handled, which kinds of steps were queued, and whether some must be planned anew.

    Whether any message ``may_wait`` still: if not, whatever comes later is claimed by whom it rings for.
    """

    handled: int
    kinds: frozenset[StepKind]
    must_replan: bool
    may_wait: bool


class Commits:
    """Commits what was planned."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret
        dialect_insert = database.insert
        self._touch_contacts = _touch_contacts(dialect_insert)
        self._put_contacts = _put_contacts(dialect_insert)
        self._put_subscriptions = _put_subscriptions(dialect_insert)
        self._put_uses = _put_uses(dialect_insert)
        self._put_handoffs = dialect_insert(handoffs).on_conflict_do_nothing()
        self._put_steps = dialect_insert(steps).on_conflict_do_nothing()
        self._put_awaited = dialect_insert(awaited).on_conflict_do_nothing()

    async def commit(self, batch: Sequence[Planned], owner: str, now: datetime) -> Committed:
        """Commit all plans that still hold.

        Those of an originator are left out if what they rest on has changed, or if the lease on a message was lost.
        Raises StorageError.
        """
        async with self._database.write(is_small=len(batch) <= SMALL) as connection:
            standing = await self._standing(
                connection, sorted(batch, key=lambda planned: planned.before.originator), owner
            )
            plans = [plan for planned in standing for plan in planned.plans]
            if plans:
                await self._put_state(connection, standing, plans, now)
                queued = [step for plan in plans for step in plan.steps]
                of_consent = [step for step in queued if tells_of_consent(step)]
                await execute_many(
                    connection, self._put_steps, step_rows((step for step in queued if not tells_of_consent(step)), now)
                )
                await end_unwanted(connection, plans, now)
                await execute_many(connection, self._put_awaited, awaited_rows(queued, now))
                await execute_many(connection, _HANDLED, [message_row(plan, now) for plan in plans])
                events = await append(
                    connection, (row for plan in plans for row in consent_rows(plan, now)), self._secret
                )
                await execute_many(connection, self._put_steps, step_rows(numbered(of_consent, events), now))
                note_plans(connection, plans, now)
            may_wait = await self._may_wait(connection)
        kinds = frozenset(step.kind for plan in plans for step in plan.steps)
        return Committed(handled=len(plans), kinds=kinds, must_replan=len(standing) < len(batch), may_wait=may_wait)

    async def _may_wait(self, connection: AsyncConnection) -> bool:
        """Whether there may be more to claim; PostgreSQL lets others write meanwhile, for whom we are still at it."""
        return not self._database.is_sqlite or bool((await connection.execute(_ANY_IN_LINE)).all())

    async def _standing(self, connection: AsyncConnection, batch: Sequence[Planned], owner: str) -> list[Planned]:
        """The originators whose plans still hold, with their contacts locked until the commit."""
        lock = not self._database.is_sqlite
        originators = [planned.before.originator for planned in batch]
        if lock:
            await execute_many(
                connection, self._touch_contacts, [{"originator": originator} for originator in originators]
            )
        query = _REVISIONS_LOCKED if lock else _REVISIONS
        rows = (await connection.execute(query, {"originators": originators})).all()
        revisions = {row.originator: row.revision for row in rows}
        held = await still_held(
            connection, owner, [plan.message.seq for planned in batch for plan in planned.plans], lock=lock
        )
        lost = [plan.message for planned in batch for plan in planned.plans if plan.message.seq not in held]
        if lost and lock:
            await _forget_erased(connection, lost)
        seqs = {message.seq for message in lost}
        return [
            planned
            for planned in batch
            if revisions.get(planned.before.originator, 0) == planned.before.revision
            and seqs.isdisjoint(plan.message.seq for plan in planned.plans)
        ]

    async def _put_state(
        self, connection: AsyncConnection, standing: Sequence[Planned], plans: Sequence[Plan], now: datetime
    ) -> None:
        changed = [contact_row(planned.after) for planned in standing if planned.after is not planned.before]
        await execute_many(connection, self._put_contacts, changed)
        await execute_many(
            connection, _CHANGE_APPOINTMENT, [row for planned in standing for row in appointment_rows(planned)]
        )
        await add_events(connection, [row for plan in plans for row in event_rows(plan)])
        await put_questions(connection, plans)
        await end_waiting(connection, stops_among(plans), now)  # last, since what was answered before a STOP stays so
        await execute_many(
            connection, self._put_subscriptions, [row for planned in standing for row in subscription_rows(planned)]
        )
        await execute_many(connection, self._put_uses, [row for planned in standing for row in use_rows(planned)])
        await drop_stale(connection, sorted({change.after.id for plan in plans for change in plan.changes}), now)
        await execute_many(connection, self._put_handoffs, [row for plan in plans for row in handoff_rows(plan, now)])
        await close_doubts(connection, plans, now)


async def _forget_erased(connection: AsyncConnection, lost: Sequence[Message]) -> None:
    """Remove contacts that were made only to be locked, of numbers erased since they were planned for."""
    query = select(messages.c.seq, messages.c.originator).where(messages.c.seq.in_([message.seq for message in lost]))
    standing = {row.seq: row.originator for row in (await connection.execute(query)).all()}
    gone = {message.originator for message in lost if standing.get(message.seq) != message.originator}
    await connection.execute(delete(contacts).where(contacts.c.originator.in_(gone), contacts.c.revision == 0))


def _touch_contacts(dialect_insert: Callable[..., Any]) -> Insert:
    """Lock contacts, making new ones, in one go: one held while waiting for others would break the order."""
    as_it_is = {"revision": contacts.c.revision}
    touch: Insert = (
        dialect_insert(contacts)
        .values(revision=0)
        .on_conflict_do_update(index_elements=["originator"], set_=as_it_is, where=false())
    )
    return touch


def _put_contacts(dialect_insert: Callable[..., Any]) -> Insert:
    """A contact as planned, unless its revision has moved since."""
    statement = dialect_insert(contacts)
    new = {
        column: statement.excluded[column]
        for column in (
            "language",
            "language_at",
            "language_seq",
            "fields",
            "field_orders",
            "opted_out",
            "consent_at",
            "consent_seq",
            "confirmed_at",
            "muted_until",
        )
    }
    unmoved = contacts.c.revision == statement.excluded.revision - 1
    put: Insert = statement.on_conflict_do_update(
        index_elements=["originator"], set_={**new, "revision": statement.excluded.revision}, where=unmoved
    )
    return put


def _put_subscriptions(dialect_insert: Callable[..., Any]) -> Insert:
    """A subscription as planned; nobody can have changed it since, as the contact's revision shows."""
    statement = dialect_insert(subscriptions)
    new = {
        column: statement.excluded[column]
        for column in ("status", "since", "order_at", "order_seq", "taken_by_stop", "ends_at")
    }
    put: Insert = statement.on_conflict_do_update(index_elements=["originator", "list"], set_=new)
    return put


def _put_uses(dialect_insert: Callable[..., Any]) -> Insert:
    statement = dialect_insert(uses)
    new = {name: statement.excluded[name] for name in ("used_at", "step_key")}
    put: Insert = statement.on_conflict_do_update(index_elements=["originator", "of"], set_=new)
    return put


_REVISIONS = kept(
    select(contacts.c.originator, contacts.c.revision)
    .where(among_listed(contacts.c.originator, "originators"))
    .order_by(contacts.c.originator)
)
_ANY_IN_LINE = kept(select(messages.c.seq).where(IN_LINE).limit(1))
_REVISIONS_LOCKED = _REVISIONS.with_for_update()
_CHANGE_APPOINTMENT = (
    update(appointments)
    .where(appointments.c.id == bindparam("of_id"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("status", "updated_at", "order_at", "order_seq", "version", "unclear_at")
        }
    )
)
_HANDLED = (
    update(messages)
    .where(messages.c.seq == bindparam("of_seq"))
    .values(
        status=MessageStatus.HANDLED.value,
        lease_owner=None,
        lease_until=None,
        **{
            name: bindparam(f"new_{name}")
            for name in ("handled_at", "rule", "rules_hash", "folded", "language", "is_superseded", "explanation")
        },
    )
)
