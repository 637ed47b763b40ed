"""A database of another installation restored under a running service: nothing is taken in that could not be handled."""

import sqlite3

from responder.store.consent.installation import MARK
from tests.conftest import wait_until
from tests.end_to_end.service import Service


def change_mark(service: Service, mark: str) -> str:
    """Let the database be one of another secret, and give the mark of its own."""
    with sqlite3.connect(service.database, timeout=10) as connection:
        ((before,),) = connection.execute("SELECT value FROM installation WHERE name = ?", (MARK,)).fetchall()
        connection.execute("UPDATE installation SET value = ? WHERE name = ?", (mark, MARK))
    connection.close()
    return str(before)


async def test_web_and_worker_end_until_the_database_is_that_of_their_secret_again(service: Service) -> None:
    before = service.children()
    own = change_mark(service, "another")
    await wait_until(
        lambda: all(service.children().get(name) != before[name] for name in ("web", "worker")), 30, "the end of both"
    )

    async def nobody_listens() -> bool:
        return await service.readyz() == {}

    await wait_until(nobody_listens, 30, "silence")
    assert "RESPONDER_SECRET is not the secret of the database" in service.said()
    change_mark(service, own)
    await service.start(30)
    assert await service.send("News ON", "+393301234567") == 200
    await service.settled(30)
