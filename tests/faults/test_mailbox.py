"""A mailbox of ten thousand mails: the gateway's are taken in once, the others not touched."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from responder.wiring import Store
from tests.conftest import wait_until
from tests.mail.conftest import NO_DOVECOT, Shop, own_store  # noqa: F401  (a fixture)
from tests.mail.dovecot import PROGRAM, Dovecot, dovecot
from tests.mail.letters import letter, phone

MAILS, FOREIGN = 10_000, 2_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Dovecot]:
    del tmp_path
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot() as server:
        yield server


@pytest.mark.faults
@pytest.mark.parametrize("done", [None, "Done"])
async def test_ten_thousand_mails_are_taken_in_once(own_store: Store, server: Dovecot, done: str | None) -> None:  # noqa: F811  (the fixture)
    shop = Shop.on(own_store, server)
    shop.account = replace(shop.account, done=done)
    shop.deliver(
        *(letter(originator=phone(number)) for number in range(MAILS)),
        *(letter(sender="other@shop.example") for _ in range(FOREIGN)),
    )
    async with shop.watching() as watch:
        await wait_until(lambda: watch.status.taken >= MAILS, 300, "the last mail")
        await shop.is_marked(MAILS, done or "INBOX", limit_s=60)
    originators = [originator for _, originator, _ in await shop.rows()]
    assert sorted(originators) == sorted(phone(number) for number in range(MAILS))
    assert sum(not flags for flags in server.flags(shop.user)) == FOREIGN
