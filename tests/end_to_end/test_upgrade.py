"""An upgrade while texts come in: this version goes on, on a database that the next one has brought up.

Before the first release there is no older version to run. So the next one is made: a copy of this program, with one more
migration, which adds a column and a table, as every migration has to that older programs live beside.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import responder
from responder.store.base.migration import NEWEST
from tests.end_to_end.service import Service, serving
from tests.receiver import Receiver

pytestmark = pytest.mark.tour

NEXT = f"{int(NEWEST) + 1:04}"
MIGRATION = f'''"""The migration of the next version."""

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "{NEXT}"
down_revision = "{NEWEST}"


def upgrade() -> None:
    """Add what the next version uses."""
    op.add_column("messages", Column("cost", Integer, nullable=False, server_default="0"))
    op.add_column("steps", Column("cost", Integer))
    op.create_table("prices", Column("name", String(64), primary_key=True))
'''


@pytest.fixture(scope="module")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program of the next version, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("next")
    copy = folder / "responder"
    shutil.copytree(Path(responder.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "store" / "migrations" / "versions" / f"v{NEXT}_adds.py").write_text(MIGRATION)
    module = copy / "store" / "base" / "migration.py"
    module.write_text(module.read_text().replace(f'NEWEST = "{NEWEST}"', f'NEWEST = "{NEXT}"'))
    return folder


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver, shared: dict[str, str]) -> AsyncIterator[Service]:
    """A web side and a worker of this version, on PostgreSQL."""
    async with serving(tmp_path, receiver, "web", "worker", **shared) as service:
        yield service


def typed(service: Service, *arguments: str) -> str:
    """What a command says with the settings of the service."""
    environment = {**os.environ, **service.settings, "RESPONDER_PORT": str(service.port)}
    result = subprocess.run(
        [sys.executable, "-m", "responder", *arguments],
        cwd=service.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


async def while_texts_come_in(service: Service, phones: int, *arguments: str) -> str:
    """What a command says while texts come in, none of which may be refused."""
    running = asyncio.create_task(asyncio.to_thread(typed, service, *arguments))
    answers: list[int] = []
    while not running.done():
        answers.append(await service.send("News ON", f"+39331{phones + len(answers):07}"))
    assert answers.count(200) == len(answers) > 0
    return await running


async def test_an_upgrade_refuses_no_text_and_does_nothing_twice(
    service: Service, receiver: Receiver, next_version: Path
) -> None:
    assert await service.send("News ON", "+393301234567") == 200
    service.settings["PYTHONPATH"] = str(next_version)
    assert f"version {NEXT}" in await while_texts_come_in(service, 0, "migrate")
    await service.settled(60)
    assert await service.send("News ON", "+393301234568") == 200
    await service.settled(60)

    service.begin("worker-2")  # of the next version, beside the old one
    await service.send("News ON", "+393301234569")
    service.processes["worker"].terminate()
    await asyncio.to_thread(service.processes["worker"].wait, 35)
    await service.send("News ON", "+393301234570")
    await service.settled(60)
    service.check_once(receiver)


async def test_the_way_back_is_the_older_program_on_the_same_database(
    service: Service, receiver: Receiver, next_version: Path
) -> None:
    service.settings["PYTHONPATH"] = str(next_version)
    await asyncio.to_thread(typed, service, "migrate")
    await service.stop()
    await service.start()
    assert await service.send("News ON", "+393301234567") == 200
    await service.settled(60)
    await service.stop()
    del service.settings["PYTHONPATH"]
    await service.start()
    assert await service.send("News ON", "+393301234568") == 200
    await service.settled(60)
    service.check_once(receiver)
    assert f"version {NEXT}" in await asyncio.to_thread(typed, service, "migrate")
