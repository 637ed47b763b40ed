"""Counting who agreed to what, from indexes alone, so that a million subscriptions are no burden."""

from collections import defaultdict

from sqlalchemy import distinct, func, select

from responder.core.consent.standing import ConsentCounts
from responder.core.contact.known import SubscriptionStatus
from responder.store.base.database import Database
from responder.store.base.tables import HOLDING, SILENT, contacts, handoffs, subscriptions

SUBSCRIPTIONS = select(subscriptions.c.list, subscriptions.c.status, func.count()).group_by(
    subscriptions.c.list, subscriptions.c.status
)
OPTED_OUT = select(func.count()).select_from(contacts).where(SILENT)
UNDER_REVIEW = select(func.count(distinct(handoffs.c.originator))).where(HOLDING)


async def count_consent(database: Database) -> ConsentCounts:
    """How many numbers stand where, as of one moment."""
    by_list: dict[str, dict[SubscriptionStatus, int]] = defaultdict(dict)
    async with database.read() as connection:
        for name, status, count in (await connection.execute(SUBSCRIPTIONS)).all():
            by_list[name][SubscriptionStatus(status)] = count
        opted_out = (await connection.execute(OPTED_OUT)).scalar_one()
        under_review = (await connection.execute(UNDER_REVIEW)).scalar_one()
    return ConsentCounts(by_list=by_list, opted_out=opted_out, under_review=under_review)
