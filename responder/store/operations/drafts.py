"""Drafts of the rules in SQL, one for each operator, so that they outlive a visit."""

from datetime import datetime

from sqlalchemy import delete, select

from responder.core.operations.drafts import Draft
from responder.store.base.database import Database
from responder.store.base.records import from_row
from responder.store.base.tables import rule_drafts


async def read_draft(database: Database, operator: str) -> Draft | None:
    """The draft of an operator; None if there is none."""
    query = select(rule_drafts).where(rule_drafts.c.operator == operator)
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    return from_row(Draft, row) if row else None


async def put_draft(database: Database, operator: str, text: str, based_on: str, now: datetime) -> None:
    """Keep an operator's draft in place of the one before."""
    row = {"operator": operator, "text": text, "based_on": based_on, "changed_at": now}
    put = database.insert(rule_drafts).values(row)
    put = put.on_conflict_do_update(index_elements=["operator"], set_={**row})
    async with database.write() as connection:
        await connection.execute(put)


async def drop_draft(database: Database, operator: str) -> None:
    """Forget an operator's draft."""
    async with database.write() as connection:
        await connection.execute(delete(rule_drafts).where(rule_drafts.c.operator == operator))
