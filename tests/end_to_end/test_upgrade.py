"""An upgrade while texts come in, and the way back: two versions beside each other, and neither refuses a text."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import postgres_database, postgres_server, wait_until
from tests.end_to_end.service import Service, serving
from tests.end_to_end.versions import make_next, oldest
from tests.receiver import Receiver

pytestmark = pytest.mark.tour
SENDERS = 2
PAUSE_S = 0.05  # of each sender
SOME = 10  # texts
LIMIT_S = 300  # of what takes seconds on a machine of one's own


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The oldest commit that can be upgraded."""
    folder = tmp_path_factory.mktemp("older") / "checkout"
    with oldest(folder):
        yield folder


@pytest.fixture(scope="module")
def coming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version to come, whose migration adds to the tables."""
    folder = tmp_path_factory.mktemp("coming")
    make_next(folder)
    return folder


@pytest.fixture(params=["older-this", "older-coming", "this-coming"])
def versions(request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """What sets the environment of the version before, and of the one after it."""
    names = request.param.split("-")
    return [{} if name == "this" else {"PYTHONPATH": str(request.getfixturevalue(name))} for name in names]


@dataclass
class Gateway:
    """A gateway that hands in texts all the time, each at one of its doors."""

    doors: list[Service]
    answers: list[int] = field(default_factory=list)
    is_done: bool = False
    _numbers: Iterator[int] = field(default_factory=count)

    async def hand_in(self) -> None:
        """Hand in one text after the other, until all is done."""
        while not self.is_done:
            number = next(self._numbers)
            door = self.doors[number % len(self.doors)]
            self.answers.append(await door.send("News ON", f"+39331{number:07}"))
            await asyncio.sleep(PAUSE_S)

    async def some_more(self) -> None:
        """Wait until some more texts have been answered."""
        wanted = len(self.answers) + SOME
        await wait_until(lambda: len(self.answers) >= wanted, LIMIT_S, "answers to texts")


@asynccontextmanager
async def texts_at(*doors: Service) -> AsyncIterator[Gateway]:
    """Texts come in meanwhile, and none of them may be refused."""
    gateway = Gateway(list(doors))
    sending = [asyncio.create_task(gateway.hand_in()) for _ in range(SENDERS)]
    try:
        yield gateway
    finally:
        gateway.is_done = True
        await asyncio.gather(*sending)
    assert gateway.answers.count(200) == len(gateway.answers) > SOME


def typed(service: Service, *arguments: str) -> str:
    """What a command says with the settings of the service."""
    result = subprocess.run(
        [sys.executable, "-m", "responder", *arguments],
        cwd=service.folder,
        env={**os.environ, **service.settings, "RESPONDER_PORT": str(service.port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


async def test_two_versions_share_a_database_and_neither_refuses_a_text_or_does_it_twice(
    tmp_path: Path, receiver: Receiver, redis_socket: str, versions: list[dict[str, str]]
) -> None:
    async with postgres_database(postgres_server()) as url:
        shared = {"RESPONDER_DATABASE_URL": url.replace("+asyncpg", ""), "RESPONDER_REDIS_URL": redis_socket}
        await asyncio.to_thread(typed, Service(tmp_path, settings=shared | versions[0]), "migrate")
        async with serving(tmp_path, receiver, "web", "worker", **shared, **versions[0]) as before:
            after = Service(
                tmp_path,
                parts=("web-after", "worker-after"),
                settings={**before.settings, "PYTHONPATH": "", **versions[1]},
                acknowledged=before.acknowledged,
            )
            try:
                async with texts_at(before) as gateway:
                    await upgraded(gateway, before, after)
                    await gone_back(gateway, after, before)
                await before.settled(LIMIT_S)
                before.check_once(receiver)
                for service in (before, after):
                    assert "the chain is whole" in await asyncio.to_thread(typed, service, "consent", "verify")
            finally:
                after.kill_all()


async def upgraded(gateway: Gateway, before: Service, after: Service) -> None:
    """Upgrade as docs/backups.md says, while texts come in."""
    await asyncio.to_thread(typed, after, "migrate")
    await gateway.some_more()
    await replaced(gateway, before, after)


async def gone_back(gateway: Gateway, after: Service, before: Service) -> None:
    """Go back as docs/backups.md says, to the program before on the same database."""
    await replaced(gateway, after, before)


async def replaced(gateway: Gateway, old: Service, new: Service) -> None:
    """Start the one beside the other, let texts come to both, and end the other."""
    await new.start(LIMIT_S)
    gateway.doors.append(new)
    await gateway.some_more()
    gateway.doors.remove(old)
    assert set(await old.stop(LIMIT_S)) <= {0, -signal.SIGTERM}
    await gateway.some_more()


async def test_processes_are_restarted_one_by_one_and_no_text_is_refused(
    tmp_path: Path, receiver: Receiver, shared: dict[str, str]
) -> None:
    async with serving(tmp_path, receiver, "web", "worker", **shared) as one:
        other = Service(tmp_path, parts=("web-beside",), settings=one.settings, acknowledged=one.acknowledged)
        try:
            await other.start(LIMIT_S)
            async with texts_at(one, other) as gateway:
                for service in (one, other, one):
                    gateway.doors.remove(service)
                    await service.stop(LIMIT_S)
                    await gateway.some_more()
                    await service.start(LIMIT_S)
                    gateway.doors.append(service)
            await one.settled(LIMIT_S)
            one.check_once(receiver)
        finally:
            other.kill_all()


async def test_on_one_machine_the_next_start_upgrades_and_the_one_before_starts_on_it(
    tmp_path: Path, receiver: Receiver, versions: list[dict[str, str]]
) -> None:
    async with serving(tmp_path, receiver, **versions[0]) as service:
        for number, version in enumerate((*versions, versions[0])):
            service.settings = {**service.settings, "PYTHONPATH": "", **version}
            await service.start(LIMIT_S)
            assert await service.send("News ON", f"+39330{number:07}") == 200
            await service.settled(LIMIT_S)
            assert await service.stop(LIMIT_S) == [0]
        service.check_once(receiver)
