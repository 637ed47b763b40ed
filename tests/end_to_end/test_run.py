"""``responder run`` as a whole: its end, its kill and its start, the log it leaves and the disk it writes to."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import Service, send_steadily, serving
from tests.living import is_alive
from tests.receiver import Receiver


@pytest.mark.faults
async def test_a_frozen_redis_does_not_hold_up_the_end(service: Service) -> None:
    service.kill("redis", signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    await service.send("News ON", "+393300000001")
    assert await service.stop() == [0]
    assert asyncio.get_running_loop().time() - began < 20


async def test_after_a_kill_of_everything_it_goes_on_where_it_was(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 80))
    await receiver.wait_for(10)
    service.kill_all()
    await service.start()
    await sending
    await service.settled(60)
    service.check_once(receiver)


async def test_no_process_outlives_a_killed_parent(service: Service) -> None:
    children = service.children()
    assert set(children) == {"web", "worker", "console", "redis"}
    os.kill(service.processes["run"].pid, signal.SIGKILL)
    await wait_until(lambda: not any(is_alive(pid) for pid in children.values()), 10, "the end of the children")


async def test_ending_under_load_loses_nothing(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 60))
    await receiver.wait_for(10)
    assert await service.stop() == [0]
    await service.start()
    await sending
    await service.settled()
    service.check_once(receiver)


@pytest.mark.faults
async def test_a_worker_told_to_end_again_and_again_drops_nothing(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 60, pause_s=0.05))
    for _ in range(6):
        service.kill("worker", signal.SIGTERM)
        await asyncio.wait({sending}, timeout=0.5)
    await sending
    await service.settled(60)
    service.check_once(receiver)


async def test_neither_number_nor_text_stands_in_the_log(service: Service, receiver: Receiver) -> None:
    await service.send("News ON zanzibar", "+393301234567")
    await receiver.wait_for(2)
    await service.settled()
    await service.stop()
    assert "step done" in service.said()
    assert not any(word in service.said() for word in ("393301234567", "zanzibar"))


async def test_no_answer_goes_out_before_the_data_are_on_disk(tmp_path: Path, receiver: Receiver) -> None:
    """Seen from outside: between the request and its answer, the write-ahead log is synchronised."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    async with serving(tmp_path, receiver) as service:
        trace = tmp_path / "trace"
        calls = "trace=fdatasync,fsync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"
        web = str(service.children()["web"])
        strace = await asyncio.create_subprocess_exec(
            "strace", "-f", "-y", "-s", "400", "-e", calls, "-o", trace, "-p", web, stderr=PIPE
        )
        try:
            assert strace.stderr is not None
            await strace.stderr.readline()  # "attached"
            assert await service.send("News ON unmistakable", "+393300000001") == 200
            await wait_until(lambda: "+OK" in trace.read_text(), what="the answer in the trace")
        finally:
            strace.terminate()
            await strace.communicate()
    lines = trace.read_text().splitlines()
    asked = next(number for number, line in enumerate(lines) if "unmistakable" in line)
    answered = next(number for number, line in enumerate(lines) if "+OK" in line)
    assert any("sync(" in line and "-wal" in line for line in lines[asked:answered])
