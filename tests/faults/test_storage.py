"""A database that is locked or out of room for long costs no text: none is acknowledged meanwhile, and all afterwards."""

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.service import Service, send_steadily, serving
from tests.receiver import Receiver

LOCKED_S = 70.0
ROOM = "16m"
FAULT_OF_OURS = 503

pytestmark = pytest.mark.faults


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder of data on a disk of its own, of a few megabytes."""
    data = tmp_path / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "responder-test", str(data)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only who may mount can have a disk of a few megabytes")
    yield data
    subprocess.run(["umount", "--lazy", data], check=True)


async def send(service: Service, number: int) -> int:
    return await service.send(f"News ON {number}", f"+39331{number:07}")


async def send_all_again(service: Service, count: int) -> None:
    """Hand in what was refused, as the gateway does, and some more."""
    for number in range(count):
        assert await send(service, number) == 200
    await send_steadily(service, 20)


async def test_a_database_that_is_locked_for_more_than_a_minute_costs_no_text(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with serving(tmp_path, receiver) as service:
        await send_steadily(service, 20, start=100)
        answers: list[int] = []
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as somebody:
            somebody.execute("PRAGMA busy_timeout=10000")
            somebody.execute("BEGIN IMMEDIATE")
            ends_at = time.monotonic() + LOCKED_S
            while time.monotonic() < ends_at:
                answers.append(await send(service, len(answers)))
            assert (await service.readyz()).get("database") != "up"
        assert set(answers) == {FAULT_OF_OURS}
        await send_all_again(service, len(answers))
        await service.settled(60)
        service.check_once(receiver)


async def test_a_disk_without_room_costs_no_text(tmp_path: Path, receiver: Receiver, small_disk: Path) -> None:
    async with serving(tmp_path, receiver) as service:
        await send_steadily(service, 20, start=100)
        filling = small_disk / "filling"
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        answers = [await send(service, number) for number in range(300)]
        assert FAULT_OF_OURS in answers
        assert set(answers) <= {200, FAULT_OF_OURS}
        filling.unlink()
        await send_all_again(service, len(answers))
        await service.settled(60)
        service.check_once(receiver)
