"""Requests with an Idempotency-Key: what they ask and that they were carried out is one transaction."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Rules
from responder.desk.appointments import appointment_history
from responder.desk.desk import Desk
from responder.store.base.database import Database
from tests.builders import ANNA, inbound
from tests.conftest import StandingClock, store_on
from tests.web.api.clients import client_at
from tests.web.api.killed import AFTER, BEFORE
from tests.web.test_api import RULES_IN_FORCE, desk_of
from tests.worker.conftest import Work

FIRST = "a1" * 16
ONCE = {"idempotency-key": "k1"}
BOOKING = {"originator": ANNA, "starts_at": "2026-11-24T09:00"}
CONFIRMED = {"status": "confirmed"}
STATUS = "/appointments/a1/status"


async def confirm(client: httpx.AsyncClient) -> httpx.Response:
    """Set the appointment to confirmed, once."""
    return await client.post(STATUS, json=CONFIRMED, headers=ONCE)


async def history(desk: Desk) -> Sequence[str]:
    return [event.what for event in await appointment_history(desk, "a1")]


class Interruption(BaseException):
    """Whatever ends a request between its commit and its answer."""


async def test_a_repetition_has_the_status_of_the_first_answer(client: httpx.AsyncClient, work: Work) -> None:
    puts = [await client.put("/appointments/a1", json=BOOKING, headers=ONCE) for _ in range(2)]
    changed = [await client.put("/appointments/a1", json=BOOKING, headers={"idempotency-key": "k2"}) for _ in range(2)]
    await work.handle(inbound("what?", key=FIRST))
    path, text = f"/handoffs/{FIRST}/reply", {"text": "Call us."}
    replies = [await client.post(path, json=text, headers={"idempotency-key": "k3"}) for _ in range(2)]
    found = [await client.post(path, json=text, headers={"idempotency-key": "k4"}) for _ in range(2)]
    assert [[one.status_code for one in answers] for answers in (puts, changed, replies, found)] == [
        [201, 201],
        [200, 200],
        [201, 201],
        [200, 200],
    ]
    assert puts[0].json() == puts[1].json()


async def test_a_request_that_ends_after_its_commit_is_answered_when_it_comes_again(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    def ring(_job: Job) -> None:
        raise Interruption

    await client.put("/appointments/a1", json=BOOKING)
    async with client_at(replace(desk, ring=ring)) as interrupted:
        with pytest.raises(Interruption):
            await confirm(interrupted)
    again = await confirm(client)
    assert (again.status_code, again.json()["status"]) == (200, "confirmed")
    assert await history(desk) == ["new", "set"]


async def test_one_that_ends_before_its_commit_is_carried_out_when_it_comes_again(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    async def rules() -> Rules:
        raise Interruption

    await client.put("/appointments/a1", json=BOOKING)
    async with client_at(replace(desk, rules=rules)) as interrupted:
        with pytest.raises(Interruption):
            await confirm(interrupted)
    assert (await confirm(client)).status_code == 200
    assert await history(desk) == ["new", "set"]


@pytest.mark.faults
@pytest.mark.parametrize("when", [BEFORE, AFTER])
async def test_a_web_process_that_is_killed_acts_once(migrated_url: str, clock: StandingClock, when: str) -> None:
    database = Database(migrated_url)
    desk = desk_of(await store_on(database), clock)
    async with client_at(desk) as client:
        await client.put("/appointments/a1", json=BOOKING)
        killed = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.web.api.killed", migrated_url, when)
        assert await killed.wait() == -signal.SIGKILL
        if when == BEFORE:
            assert (await confirm(client)).status_code == 409  # for a minute it may still be at work
            clock.advance(minutes=2)
        assert (await confirm(client)).json()["status"] == "confirmed"
    assert await history(desk) == ["new", "set"]
    await database.close()


async def test_of_two_processes_with_one_key_one_acts(migrated_url: str, clock: StandingClock) -> None:
    databases = [Database(migrated_url) for _ in range(2)]
    desks = [desk_of(await store_on(database), clock) for database in databases]
    async with client_at(desks[0]) as one, client_at(desks[1]) as other:
        await one.put("/appointments/a1", json=BOOKING)
        answers = await asyncio.gather(*(confirm(client) for client in (one, other, one, other)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await history(desks[0]) == ["new", "set"]
    for database in databases:
        await database.close()


@asynccontextmanager
async def under_way(desk: Desk) -> AsyncIterator[tuple[asyncio.Task[httpx.Response], asyncio.Event]]:
    """A request that is being worked on, and what lets it go on."""
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def rules() -> Rules:
        begun.set()
        await may_go_on.wait()
        return RULES_IN_FORCE

    async with client_at(replace(desk, rules=rules)) as slow:
        running = asyncio.create_task(confirm(slow))
        await begun.wait()
        yield running, may_go_on


async def test_a_key_is_in_use_while_its_request_runs(desk: Desk, client: httpx.AsyncClient) -> None:
    await client.put("/appointments/a1", json=BOOKING)
    async with under_way(desk) as (running, may_go_on):
        refused = await confirm(client)
        may_go_on.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (409, "1")
        assert (await running).status_code == 200


async def test_one_whose_key_was_taken_over_meanwhile_changes_nothing(
    desk: Desk, client: httpx.AsyncClient, clock: StandingClock
) -> None:
    await client.put("/appointments/a1", json=BOOKING)
    async with under_way(desk) as (running, may_go_on):
        clock.advance(minutes=2)
        assert (await confirm(client)).status_code == 200
        may_go_on.set()
        assert (await running).status_code == 409
    assert await history(desk) == ["new", "set"]


async def test_the_same_key_with_another_query_is_refused(client: httpx.AsyncClient) -> None:
    await client.put(f"/subscribers/news/{ANNA}", json={"evidence": "paper form of 3 May"})
    path = f"/subscribers/news/{ANNA}"
    assert (await client.delete(path, params={"evidence": "by telephone"}, headers=ONCE)).status_code == 200
    assert (await client.delete(path, params={"evidence": "by letter"}, headers=ONCE)).status_code == 422


async def test_a_repeated_reply_is_answered_with_the_text_that_it_wrote(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    path = f"/handoffs/{FIRST}/reply"
    first = await client.post(path, json={"text": "Call us."}, headers=ONCE)
    await client.post(path, json={"text": "Or write."})
    again = await client.post(path, json={"text": "Call us."}, headers=ONCE)
    assert (again.json()["key"], again.json()["text"]) == (first.json()["key"], "Call us.")
