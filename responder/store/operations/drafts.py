"""Drafts of the rules in SQL, one for each operator, so that they outlive a visit."""

from dataclasses import replace

from sqlalchemy import ColumnElement, and_, delete, select, update

from responder.core.operations.drafts import Draft
from responder.store.base.database import Database
from responder.store.base.records import as_row, from_row
from responder.store.base.tables import rule_drafts


async def read_draft(database: Database, operator: str) -> Draft | None:
    """The draft of an operator; None if there is none."""
    query = select(rule_drafts).where(rule_drafts.c.operator == operator)
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    return from_row(Draft, row) if row else None


async def put_draft(database: Database, draft: Draft, before: Draft | None) -> bool:
    """Keep a draft in place of the one before; False, with nothing done, if that is not there any more."""
    row = as_row(draft, rule_drafts)
    put = (
        update(rule_drafts).where(_is(before)).values(row)
        if before
        else database.insert(rule_drafts).values(row).on_conflict_do_nothing()
    )
    async with database.write() as connection:
        return bool((await connection.execute(put)).rowcount)


async def drop_draft(database: Database, draft: Draft) -> None:
    """Forget a draft, unless it was changed meanwhile."""
    async with database.write() as connection:
        await connection.execute(delete(rule_drafts).where(_is(draft)))


async def begin_saving(database: Database, draft: Draft, version_hash: str, why: str) -> bool:
    """Say that a draft is being saved, before its file is; whoever finds the file then knows by whom, and why."""
    return await put_draft(database, replace(draft, saving=version_hash, why=why), draft)


def _is(draft: Draft) -> ColumnElement[bool]:
    return and_(rule_drafts.c.operator == draft.operator, rule_drafts.c.text == draft.text)
