"""``responder run``, from the gateway's request to the gateway's send API and the shop's webhook, through kills of every part."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_until
from tests.end_to_end.service import Service, send_steadily, serving
from tests.living import is_alive
from tests.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Service]:
    async with serving(tmp_path, receiver) as service:
        yield service


async def test_a_text_comes_in_and_a_reply_and_a_webhook_go_out(service: Service, receiver: Receiver) -> None:
    assert await service.send("news on!", "+393301234567") == 200
    await receiver.wait_for(2)
    await service.settled()
    service.check_once(receiver)
    assert await service.stop() == [0]


async def test_the_same_message_in_parallel_and_after_a_restart_is_one(service: Service, receiver: Receiver) -> None:
    answers = await asyncio.gather(*(service.send("News ON", "+393301234567") for _ in range(100)))
    assert await service.stop() == [0]
    await service.start()
    answers.append(await service.send("News ON", "+393301234567"))
    assert set(answers) == {200}
    await service.settled()
    service.check_once(receiver)


async def test_messages_are_taken_while_redis_is_frozen_and_handled_afterwards(service: Service, receiver: Receiver) -> None:
    service.kill("redis", signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    assert [await service.send("News ON", f"+39330000000{n}") for n in range(5)] == [200] * 5
    assert asyncio.get_running_loop().time() - began < 5
    service.kill("redis", signal.SIGCONT)
    await service.settled()
    service.check_once(receiver)


@pytest.mark.faults
async def test_a_frozen_redis_does_not_hold_up_the_end(service: Service) -> None:
    service.kill("redis", signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    await service.send("News ON", "+393300000001")
    assert await service.stop() == [0]
    assert asyncio.get_running_loop().time() - began < 20


async def test_an_emptied_redis_loses_nothing(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 60))
    while not sending.done():
        service.redis("FLUSHALL")
        await asyncio.wait({sending}, timeout=0.05)
    await service.settled()
    service.check_once(receiver)


@pytest.mark.parametrize("part", ["web", "worker", "redis"])
async def test_a_killed_part_comes_back_and_nothing_is_lost(service: Service, receiver: Receiver, part: str) -> None:
    sending = asyncio.create_task(send_steadily(service, 80))
    await receiver.wait_for(10)
    service.kill(part)
    await sending
    await service.settled(60)
    service.check_once(receiver)


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
    assert set(children) == {"web", "worker", "redis"}
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


async def test_a_second_run_on_the_same_data_is_refused_with_a_reason(service: Service) -> None:
    environment = dict(os.environ) | {"RESPONDER_PORT": str(free_port())}
    program = (sys.executable, "-m", "responder", "run")
    second = await asyncio.create_subprocess_exec(*program, cwd=service.folder, env=environment, stderr=PIPE)
    _, said = await asyncio.wait_for(second.communicate(), 20)
    assert (second.returncode, b"another responder runs there" in said) == (1, True)


async def test_jobs_that_vanish_from_redis_are_found_in_sql(service: Service, receiver: Receiver) -> None:
    await service.freeze("worker")
    assert await service.send("News ON", "+393300000001") == 200
    service.redis("FLUSHALL")
    service.kill("worker", signal.SIGCONT)
    await service.settled()
    service.check_once(receiver)


async def test_what_travels_through_redis_holds_no_number_and_no_text(service: Service) -> None:
    await service.freeze("worker")
    assert await service.send("News ON secret words", "+393300000001") == 200
    said = b""

    def has_rung() -> bool:
        nonlocal said
        keys = [line for line in service.redis("KEYS", "arq:job:*").split(b"\r\n") if line.startswith(b"arq:job:")]
        said = b"".join(service.redis("GET", key.decode()) for key in keys)
        return b'"handle"' in said

    await wait_until(has_rung, what="a ring")
    assert not any(word in said for word in (b"393300000001", b"secret", b"pickle"))
    service.kill("worker", signal.SIGCONT)


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
        strace = await asyncio.create_subprocess_exec("strace", "-f", "-y", "-s", "400", "-e", calls, "-o", trace, "-p", web, stderr=PIPE)
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
