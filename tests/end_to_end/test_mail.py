"""``responder run`` and ``responder mail`` with a mailbox: from a delivered mail to the gateway's send API, through kills of the intake."""

import asyncio
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import Service, serving
from tests.mail.conftest import NO_DOVECOT
from tests.mail.dovecot import PROGRAM, Dovecot, dovecot
from tests.mail.letters import letter, phone
from tests.receiver import Receiver


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot() as server:
        yield server


async def is_connected(service: Service) -> bool:
    """Whether /readyz tells of one mailbox, and that it is open."""
    return [told["state"] for told in (await service.readyz()).get("mailbox", [])] == ["connected"]


async def all_are_marked(server: Dovecot, user: str, count: int, limit_s: float = 30) -> None:
    """Wait until every mail is flagged."""

    async def done() -> bool:
        flags = await asyncio.to_thread(server.flags, user)
        return len(flags) == count and all(b"\\Flagged" in each for each in flags)

    await wait_until(done, limit_s, f"{count} marked mails")


async def test_a_mail_comes_in_and_a_reply_and_a_webhook_go_out(
    tmp_path: Path, receiver: Receiver, server: Dovecot
) -> None:
    user = server.user()
    async with serving(tmp_path, receiver, RESPONDER_IMAP_URL=server.url(user)) as service:
        server.deliver(user, letter("news on!"))
        await receiver.wait_for(2)
        await all_are_marked(server, user, 1)
        await service.settled()
        await wait_until(lambda: is_connected(service), what="the word on the mailbox")
        service.check_once(receiver)
        assert service.query("SELECT channel FROM messages") == [("mail",)]
        assert await service.stop() == [0]
        assert service.query("SELECT count(*) FROM mailboxes") == [(0,)]


@pytest.mark.faults
async def test_web_worker_and_mail_run_apart(tmp_path: Path, receiver: Receiver, server: Dovecot) -> None:
    user = server.user()
    mailbox = {"RESPONDER_IMAP_URL": server.url(user), "RESPONDER_IMAP_DONE": "Done"}
    async with serving(tmp_path, receiver, **mailbox) as service:
        await service.freeze("mail")
        redis = service.children()["redis"]
        assert redis
        service.settings["RESPONDER_REDIS_URL"] = "unix://" + str(tmp_path / "data" / "redis" / "server.sock")
        service.begin("mail")
        server.deliver(user, letter("news on!"))
        await receiver.wait_for(2)
        await wait_until(lambda: server.count(user, "Done") == 1, what="the moved mail")
        service.processes["mail"].terminate()
        assert await asyncio.to_thread(service.processes.pop("mail").wait, 20) == 0
        service.kill("mail", signal.SIGCONT)


async def test_webhook_and_mail_of_the_same_messages_at_once_are_one_each(
    tmp_path: Path, receiver: Receiver, server: Dovecot
) -> None:
    user, count = server.user(), 40
    async with serving(tmp_path, receiver, RESPONDER_IMAP_URL=server.url(user)) as service:
        sending = [service.send(f"News ON {number}", phone(number)) for number in range(count)]
        delivering = asyncio.to_thread(
            server.deliver, user, *(letter(f"News ON {number}", phone(number)) for number in range(count))
        )
        await asyncio.gather(delivering, *sending)
        await all_are_marked(server, user, count)
        await service.settled()
        service.check_once(receiver)
        assert service.query("SELECT count(*) FROM messages") == [(count,)]


async def kill_and_count(
    folder: Path, receiver: Receiver, server: Dovecot, *, mails: int, kills: int, seed: int
) -> None:
    """Kill the intake at random points while it takes mails in, and see that each is handled once."""
    chance = random.Random(seed)
    user = server.user()
    server.deliver(user, *(letter(f"News ON {number}", phone(number)) for number in range(mails)))
    async with serving(folder, receiver, RESPONDER_IMAP_URL=server.url(user)) as service:
        for _ in range(kills):
            await next_life(service)
            await asyncio.sleep(chance.random() * 0.6)
            service.kill("mail")
        await all_are_marked(server, user, mails, 120)
        await service.settled(120)
        service.acknowledged.extend(phone(number) for number in range(mails))
        service.check_once(receiver)


async def next_life(service: Service) -> None:
    """Wait until the intake runs."""
    await wait_until(lambda: "mail" in service.children(), what="the intake")


async def test_an_intake_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, receiver: Receiver, server: Dovecot
) -> None:
    await kill_and_count(tmp_path, receiver, server, mails=40, kills=2, seed=1)


@pytest.mark.faults
@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_an_intake_that_is_killed_again_and_again_handles_each_of_a_thousand_once(
    tmp_path: Path, receiver: Receiver, server: Dovecot, seed: int
) -> None:
    await kill_and_count(tmp_path, receiver, server, mails=1000, kills=15, seed=seed)
