"""A RESPONDER_SECRET that does not fit the database is refused by every server, and shown by doctor."""

import pytest

from tests.cli.conftest import Installation, run

TOLD = (
    "responder.db: RESPONDER_SECRET is not the secret of the database, "
    "which was made without one and keeps its own: remove RESPONDER_SECRET"
)


@pytest.mark.parametrize("command", ["run", "web", "worker", "mail"])
async def test_it_is_refused_at_the_start(here: Installation, redis_socket: str, command: str) -> None:
    here.set(SECRET="another-one", REDIS_URL=redis_socket)
    if command == "mail":
        here.set(IMAP_URL="imaps://shop:letmein@localhost/INBOX")
    outcome = await run(command)
    assert outcome.code != 0
    assert TOLD in outcome.err
    assert "another-one" not in outcome.err


async def test_doctor_tells_it(here: Installation, redis_socket: str) -> None:
    here.set(SECRET="another-one", REDIS_URL=redis_socket)
    outcome = await run("doctor", "--json")
    (told,) = [record for record in outcome.records if record["check"] == "database"]
    assert (outcome.code, told["level"]) == (1, "error")
    assert TOLD in told["text"]
