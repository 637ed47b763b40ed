"""The endpoints of webhooks in SQL: which of them fail, and which were given up."""

import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepStatus
from responder.core.contact.reasons import because
from responder.core.outbound.retry import Endpoint
from responder.core.rules.webhooks import Event
from responder.store.base.database import Database
from responder.store.base.events import note_event
from responder.store.base.locking import in_order
from responder.store.base.records import from_row
from responder.store.base.tables import CALLS, endpoints, handoffs, steps

HEALTHY = {"failures": 0, "failing_since": None, "open_until": None}


async def read_endpoints(database: Database) -> dict[str, Endpoint]:
    """The endpoints that have ever failed, by their names."""
    async with database.read() as connection:
        return {
            row.name: from_row(Endpoint, row)
            for row in (await connection.execute(select(endpoints).order_by(endpoints.c.name))).all()
        }


async def note_success(connection: AsyncConnection, names: Collection[str]) -> None:
    """Note that endpoints took a call: their failures are forgotten."""
    if names:
        failing = endpoints.c.name.in_(sorted(names)) & (endpoints.c.failures > 0)
        await connection.execute(update(endpoints).where(in_order(endpoints.c.name, failing)).values(HEALTHY))


async def note_failure(
    connection: AsyncConnection,
    database: Database,
    endpoint: Endpoint,
    now: datetime,
    *,
    asked_to_wait_s: float | None,
    is_gone: bool,
) -> tuple[Endpoint, Endpoint]:
    """Note that an endpoint did not take a call, and tell its state before and after."""
    fresh = Endpoint(name=endpoint.name, address=endpoint.address)
    await connection.execute(database.insert(endpoints).values(asdict(fresh)).on_conflict_do_nothing())
    query = select(endpoints).where(endpoints.c.name == endpoint.name)
    stored = from_row(Endpoint, (await connection.execute(query.with_for_update())).one())
    before = stored if stored.address == endpoint.address else fresh
    after = before.after_failure(now, asked_to_wait_s=asked_to_wait_s, is_gone=is_gone)
    await connection.execute(update(endpoints).where(endpoints.c.name == endpoint.name).values(asdict(after)))
    return before, after


async def tell_disabled(connection: AsyncConnection, endpoint: Endpoint, originator: str, now: datetime) -> None:
    """Hand an endpoint that was given up to a person, with the number of its last call.

    It has a key of its own: it is about no text, and the message may have been handed over for another reason.
    """
    reason = because("webhook_switched_off", webhook=endpoint.name, reason=endpoint.reason)
    row = {"message_key": secrets.token_hex(16), "originator": originator, "reason": reason, "opened_at": now}
    await connection.execute(insert(handoffs).values(row))
    note_event(connection, Event.HANDOFF_OPENED, now, message_key=str(row["message_key"]))


async def bury_calls(database: Database, disabled: Collection[Endpoint], now: datetime) -> int:
    """Make dead letters of what waits for endpoints that were given up, and tell how many there were."""
    found = 0
    by_name = {endpoint.name: endpoint for endpoint in disabled}
    for_them = (
        select(steps.c.recipient)
        .where(CALLS, steps.c.status == StepStatus.QUEUED, steps.c.recipient.in_(by_name))
        .distinct()
    )
    async with database.read() as connection:  # days may pass without a call, so that looking must lock nothing
        names = sorted((await connection.execute(for_them)).scalars())
    if not names:
        return 0
    async with database.write() as connection:
        for endpoint in map(by_name.__getitem__, names):
            waiting = and_(CALLS, steps.c.status == StepStatus.QUEUED, steps.c.recipient == endpoint.name)
            remedy = because("webhook_retry", webhook=endpoint.name)
            error = because("webhook_off", reason=endpoint.reason, remedy=remedy)
            values = {"status": StepStatus.DEAD, "next_attempt_at": None, "last_error": error, "updated_at": now}
            found += (
                await connection.execute(update(steps).where(in_order(steps.c.key, waiting)).values(values))
            ).rowcount
    return found


async def switch_on(connection: AsyncConnection, names: Collection[str]) -> None:
    """Forget all that is known of endpoints, since a person says that they work again."""
    await connection.execute(delete(endpoints).where(endpoints.c.name.in_(names)))
