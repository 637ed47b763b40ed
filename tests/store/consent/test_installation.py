"""Whether the database can commit, as it is asked."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from responder.errors import StorageError
from responder.store.base.tables import installation
from responder.store.consent.installation import CHECKED
from responder.wiring import Store
from tests.conftest import NOON, no_more_on_disk


async def test_a_database_that_commits_is_well(store: Store) -> None:
    for moment in (NOON, NOON + timedelta(seconds=1)):
        await store.installation.check(moment)
        assert await checked_at(store) == moment.isoformat()


async def checked_at(store: Store) -> str:
    """What the last check has committed."""
    async with store.database.read() as connection:
        query = select(installation.c.value).where(installation.c.name == CHECKED)
        return str((await connection.execute(query)).scalar_one())


async def test_a_database_that_can_only_be_read_is_not_well(store: Store) -> None:
    if store.database.is_sqlite:
        with no_more_on_disk(), pytest.raises(StorageError):
            await store.installation.check(NOON)
        return
    async with store.database.write() as connection:
        name = (await connection.exec_driver_sql("SELECT current_database()")).scalar_one()
        await connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await store.database.close()  # the next connection has the new default
    with pytest.raises(StorageError, match="read-only"):
        await store.installation.check(NOON)
