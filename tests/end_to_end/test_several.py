"""``responder web`` and ``responder worker``, several of each, on one PostgreSQL and one Redis."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import free_port, postgres_server
from tests.end_to_end.service import Service, ask_postgres, send_steadily, serving
from tests.receiver import Receiver


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver, shared: dict[str, str]) -> AsyncIterator[Service]:
    """One web and two workers."""
    async with serving(tmp_path, receiver, "web", "worker", "worker-2", **shared) as service:
        yield service


async def test_two_workers_on_postgresql_share_the_work_and_do_nothing_twice(
    service: Service, receiver: Receiver
) -> None:
    await send_steadily(service, 100)
    await service.settled(60)
    service.check_once(receiver)


async def test_a_worker_killed_on_postgresql_leaves_its_work_to_the_other(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 120))
    await receiver.wait_for(10)
    service.kill("worker")
    await sending
    await service.settled(60)
    service.check_once(receiver)


async def test_a_web_killed_on_postgresql_loses_nothing_that_it_acknowledged(
    service: Service, receiver: Receiver
) -> None:
    sending = asyncio.create_task(send_steadily(service, 120))
    await receiver.wait_for(10)
    service.kill("web")
    service.processes["web"].wait()
    await service.start()
    await sending
    await service.settled(60)
    service.check_once(receiver)


def test_postgresql_commits_are_on_disk_when_they_return(postgres_template: str) -> None:
    url = postgres_server().replace("+asyncpg", "").rpartition("/")[0]
    assert ask_postgres(f"{url}/{postgres_template}", "SHOW synchronous_commit") == [("on",)]


@pytest.mark.parametrize("part", ["web", "worker"])
def test_an_empty_database_is_refused_with_the_remedy(tmp_path: Path, part: str, redis_socket: str) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: [{name: a, when: {text: a}, then: [hand_off: b]}]\n")
    program = [sys.executable, "-m", "responder", part]
    settings = {"RESPONDER_REDIS_URL": redis_socket, "RESPONDER_PORT": str(free_port()), "PATH": ""}
    result = subprocess.run(
        program, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=20, check=False
    )
    assert (result.returncode, "responder migrate" in result.stderr) == (1, True)
