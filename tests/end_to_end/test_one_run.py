"""``responder run``, from the gateway's request to the send API and the webhook: one run that outlives whatever is done to its parts."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import free_port, wait_until
from tests.end_to_end.service import Service, send_steadily, serving
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIRST_PHONES = {"web": 1000, "worker": 2000, "redis": 3000, "emptied": 4000}
"""Each test has phones of its own."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> AsyncIterator[Service]:
    """One run for all the tests, which leave it working."""
    async with serving(tmp_path_factory.mktemp("run"), receiver) as service:
        yield service


async def test_a_text_comes_in_and_a_reply_and_a_webhook_go_out(service: Service, receiver: Receiver) -> None:
    before = len(receiver.requests)
    assert await service.send("news on!", "+393301234567") == 200
    await receiver.wait_for(before + 2)
    await service.settled()
    service.check_once(receiver)


async def test_the_same_message_in_parallel_and_to_another_web_process_is_one(
    service: Service, receiver: Receiver
) -> None:
    answers = await asyncio.gather(*(service.send("News ON", "+393308000003") for _ in range(100)))
    service.kill("web")
    await service.start()  # waits until another one answers
    answers.append(await service.send("News ON", "+393308000003"))
    assert set(answers) == {200}
    await service.settled()
    service.check_once(receiver)


async def test_messages_are_taken_while_redis_is_frozen_and_handled_afterwards(
    service: Service, receiver: Receiver
) -> None:
    service.kill("redis", signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    assert [await service.send("News ON", f"+39330900000{n}") for n in range(5)] == [200] * 5
    assert asyncio.get_running_loop().time() - began < 5
    service.kill("redis", signal.SIGCONT)
    await service.settled()
    service.check_once(receiver)


async def test_an_emptied_redis_loses_nothing(service: Service, receiver: Receiver) -> None:
    sending = asyncio.create_task(send_steadily(service, 60, start=FIRST_PHONES["emptied"]))
    while not sending.done():
        service.redis("FLUSHALL")
        await asyncio.wait({sending}, timeout=0.05)
    await service.settled()
    service.check_once(receiver)


@pytest.mark.parametrize("part", ["web", "worker", "redis"])
async def test_a_killed_part_comes_back_and_nothing_is_lost(service: Service, receiver: Receiver, part: str) -> None:
    before = len(receiver.requests)
    sending = asyncio.create_task(send_steadily(service, 80, start=FIRST_PHONES[part]))
    await receiver.wait_for(before + 10)
    service.kill(part)
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
    assert await service.send("News ON", "+393308000001") == 200
    service.redis("FLUSHALL")
    service.kill("worker", signal.SIGCONT)
    await service.settled()
    service.check_once(receiver)


async def test_what_travels_through_redis_holds_no_number_and_no_text(service: Service) -> None:
    await service.freeze("worker")
    assert await service.send("News ON secret words", "+393308000002") == 200
    said = b""

    def has_rung() -> bool:
        nonlocal said
        keys = [line for line in service.redis("KEYS", "arq:job:*").split(b"\r\n") if line.startswith(b"arq:job:")]
        said = b"".join(service.redis("GET", key.decode()) for key in keys)
        return b'"handle"' in said

    await wait_until(has_rung, what="a ring")
    assert not any(word in said for word in (b"393308000002", b"secret", b"pickle"))
    service.kill("worker", signal.SIGCONT)
    await service.settled()
