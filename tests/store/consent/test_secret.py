"""The secret of an installation: made once, or given; another than the database was made with is refused."""

import asyncio

import pytest
from sqlalchemy import delete, select, text, update

from responder.errors import ConfigurationError, StorageError
from responder.settings.model import load_settings
from responder.settings.urls import mask_url
from responder.store.base.database import Database
from responder.store.base.tables import installation
from responder.store.consent.installation import MARK, Installation
from responder.store.consent.ledger import HEAD
from responder.wiring import Store, open_store, watch_secret
from tests.conftest import wait_until

OURS, ANOTHER = b"ours", b"another"


@pytest.fixture
async def fresh(store: Store) -> Installation:
    """An installation that was never started."""
    async with store.database.write() as connection:
        await connection.execute(delete(installation))
    return Installation(store.database)


async def test_the_secret_that_was_made_is_found_again(fresh: Installation) -> None:
    made = await fresh.secret(None)
    assert (await fresh.secret(None), await fresh.secret(made)) == (made, made)


async def test_the_secret_that_was_given_is_taken_again(fresh: Installation) -> None:
    assert [await fresh.secret(OURS), await fresh.secret(OURS)] == [OURS, OURS]


async def test_a_secret_that_is_set_later_is_refused(fresh: Installation) -> None:
    await fresh.secret(None)
    with pytest.raises(ConfigurationError, match="keeps its own: remove RESPONDER_SECRET"):
        await fresh.secret(OURS)


async def test_a_secret_that_is_taken_away_is_missed(fresh: Installation) -> None:
    await fresh.secret(OURS)
    with pytest.raises(ConfigurationError, match="RESPONDER_SECRET is not set"):
        await fresh.secret(None)
    assert await fresh.secret(OURS) == OURS


async def test_a_secret_that_is_another_is_refused(fresh: Installation) -> None:
    await fresh.secret(OURS)
    with pytest.raises(ConfigurationError, match="set it to that one again"):
        await fresh.secret(ANOTHER)


async def test_all_who_start_at_once_have_the_same_secret(fresh: Installation) -> None:
    made = await asyncio.gather(*(fresh.secret(None) for _ in range(8)))
    assert set(made) == {made[0]}


async def test_of_two_secrets_at_the_first_start_one_is_refused(fresh: Installation) -> None:
    outcomes = await asyncio.gather(fresh.secret(OURS), fresh.secret(ANOTHER), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConfigurationError", "bytes"]


async def test_without_a_mark_the_seal_of_the_ledger_tells(fresh: Installation) -> None:
    await fresh.secret(OURS)
    async with fresh._database.write() as connection:
        await connection.execute(delete(installation).where(installation.c.name == MARK))
    with pytest.raises(ConfigurationError):
        await fresh.secret(ANOTHER)
    assert await fresh.secret(OURS) == OURS


async def test_a_ledger_that_was_tampered_with_does_not_keep_the_service_from_starting(fresh: Installation) -> None:
    await fresh.secret(OURS)
    async with fresh._database.write() as connection:
        await connection.execute(update(installation).where(installation.c.name == HEAD).values(value="{}"))
    assert await fresh.secret(OURS) == OURS


async def test_the_database_does_not_tell_a_secret_that_was_given(fresh: Installation) -> None:
    await fresh.secret(OURS)
    async with fresh._database.read() as connection:
        assert not any("ours" in value for value in (await connection.execute(select(installation.c.value))).scalars())


async def test_a_refusal_names_the_database(migrated_url: str) -> None:
    database = Database(migrated_url)
    await Installation(database).secret(None)
    await database.close()
    settings = load_settings({"RESPONDER_DATABASE_URL": migrated_url, "RESPONDER_SECRET": "another-one"})
    with pytest.raises(ConfigurationError) as caught:
        async with open_store(settings):
            pass
    assert str(caught.value).startswith(f"{mask_url(migrated_url)}: ")
    assert "another" not in str(caught.value).replace("another secret", "")


async def test_a_database_of_another_secret_that_is_restored_under_a_running_process_ends_it(store: Store) -> None:
    watching = asyncio.create_task(watch_secret(store, look_every_s=0.01))
    async with store.database.write() as connection:
        await connection.execute(text("ALTER TABLE installation RENAME TO gone"))
    with pytest.raises(StorageError):
        await store.installation.require_fit(store.secret)
    async with store.database.write() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO installation"))
        await connection.execute(delete(installation))
    assert not watching.done()
    await store.installation.secret(ANOTHER)
    await wait_until(watching.done)
    with pytest.raises(ConfigurationError, match="RESPONDER_SECRET"):
        watching.result()
