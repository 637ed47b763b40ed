"""Many rows through one statement, on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, tuple_, update

from responder.errors import StorageError
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.tables import contacts

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IN_ROME = datetime(2026, 11, 23, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_url)
    yield database
    await database.close()


async def put(database: Database, *rows: dict[str, object]) -> None:
    async with database.write() as connection:
        await execute_many(connection, insert(contacts).values(fields="{}"), rows)


async def stored(database: Database) -> list[tuple[object, ...]]:
    query = select(contacts.c.originator, contacts.c.revision, contacts.c.opted_out, contacts.c.consent_at).order_by(
        contacts.c.originator
    )
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(query)).all()]


def contact(originator: str, **others: object) -> dict[str, object]:
    return {"originator": originator, "revision": 1, "opted_out": False, "consent_at": None} | others


async def test_each_row_is_written_as_its_columns_say(database: Database) -> None:
    await put(database, contact("+39330"), contact("+39331", opted_out=True, consent_at=IN_ROME))
    assert await stored(database) == [("+39330", 1, False, None), ("+39331", 1, True, NOON)]


async def test_no_rows_are_nothing_to_do(database: Database) -> None:
    await put(database)
    assert await stored(database) == []


async def test_rows_that_name_other_values_are_another_statement(database: Database) -> None:
    await put(database, contact("+39330"))
    await put(database, {"originator": "+39331", "revision": 7})
    assert await stored(database) == [("+39330", 1, False, None), ("+39331", 7, False, None)]


async def test_one_row_that_fails_leaves_none(database: Database) -> None:
    with pytest.raises(StorageError):
        await put(database, contact("+39330"), contact("+39330"))
    assert await stored(database) == []


async def test_a_value_in_two_places_is_written_alike_in_both(database: Database) -> None:
    is_newer = tuple_(contacts.c.consent_at, contacts.c.revision) < tuple_(bindparam("at"), bindparam("revision_then"))
    newer = update(contacts).where(is_newer).values(consent_at=bindparam("at"), revision=contacts.c.revision + 1)
    await put(database, contact("+39330", consent_at=NOON), contact("+39331", consent_at=NOON - timedelta(days=1)))
    async with database.write() as connection:
        await execute_many(connection, newer, [{"at": NOON, "revision_then": 1}])
    assert await stored(database) == [("+39330", 1, False, NOON), ("+39331", 2, False, NOON)]
