"""Whether the database can commit, as it is asked."""

import pytest

from responder.errors import StorageError
from responder.wiring import Store
from tests.conftest import NOON, no_more_on_disk


async def test_a_database_that_commits_is_well(store: Store) -> None:
    await store.installation.check(NOON)
    await store.installation.check(NOON)


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
