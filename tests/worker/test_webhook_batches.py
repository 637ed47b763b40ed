"""Webhook calls that come and end together share their transactions, and no place stays empty for that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.fates import AT_ONCE, Endpoint
from responder.core.outbound.gateway import Job
from responder.core.rules.limits import Limits
from responder.store.base.database import Database
from responder.store.outbound.calls import Answered, Made, record_calls
from responder.store.outbound.claims import Claimed, Fate
from responder.store.outbound.holds import read_endpoints
from tests.conftest import NOON, wait_until
from tests.worker.conftest import Work
from tests.worker.going_out import Out, call_step, going_out

CRM = Endpoint(name="crm", address="x")


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    async with going_out(work) as out:
        yield out


class Counted(Database):
    """A database that counts the transactions that change something."""

    changes = 0

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        self.changes += 1
        async with super().write(is_small=is_small) as connection:
            yield connection


def calls(count: int) -> list[Any]:
    return [call_step(f"crm{number}-1") for number in range(count)]


def ended(key: str, *, took_it: bool | None, is_gone: bool = False, to: Endpoint = CRM) -> Made:
    answered = Answered(fate=Fate(key=key, status=StepStatus.DEAD), took_it=took_it, is_gone=is_gone)
    claimed = Claimed(step=replace(call_step(key), to=to.name), attempts=1, created_at=NOON)
    return Made(claimed=claimed, answered=answered, owner="w", endpoint=to)


async def failures(work: Work, *made: Made) -> dict[str, int]:
    """How many failures in a row are known of each endpoint after these calls."""
    await record_calls(work.store.database, made, Limits(), NOON)
    return {name: endpoint.failures for name, endpoint in (await read_endpoints(work.store.database)).items()}


async def test_many_calls_cost_few_transactions(out: Out, migrated_url: str) -> None:
    await out.queue(*calls(100))
    database = Counted(migrated_url)
    out.work.store = replace(out.work.store, database=database)
    await out.deliver(StepKind.WEBHOOK)
    await database.close()
    assert (len(out.receiver.requests), database.changes < 60) == (100, True), database.changes


async def test_one_call_that_hangs_keeps_no_other_place_empty(out: Out) -> None:
    out.receiver.hangs = True
    await out.queue(*calls(1))
    deliverer = out.deliverer()
    running = asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK))
    await out.receiver.wait_for(1)
    out.receiver.hangs = False
    await out.queue(*calls(40)[1:])
    await deliverer.deliver(StepKind.WEBHOOK)
    await out.receiver.wait_for(40)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_job_that_finds_all_places_taken_by_another_does_not_leave_the_rest_lying(out: Out) -> None:
    out.receiver.holds = asyncio.Event()
    await out.queue(*calls(AT_ONCE + 2))
    deliverer, rings = out.deliverer(budget_s=0.2), out.work.bell.rings
    jobs = []
    for number in (1, 2):
        jobs.append(asyncio.create_task(deliverer.deliver(StepKind.WEBHOOK)))
        await wait_until(lambda number=number: rings == [Job.WEBHOOKS] * number, 5, "a ring for the rest")  # type: ignore[misc]  # a default binds it
    out.receiver.holds.set()
    await asyncio.gather(*jobs)


async def test_failures_are_counted_from_the_last_success_on(work: Work) -> None:
    made = [ended("a", took_it=False), ended("b", took_it=False), ended("c", took_it=True), ended("d", took_it=False)]
    assert await failures(work, *made) == {"crm": 1}


async def test_a_success_forgets_earlier_failures_of_its_own_endpoint_alone(work: Work) -> None:
    erp = Endpoint(name="erp", address="y")
    await failures(work, ended("a", took_it=False), ended("b", took_it=False, to=erp))
    assert await failures(work, ended("c", took_it=True)) == {"crm": 0, "erp": 1}


async def test_a_call_that_was_never_made_changes_nothing(work: Work) -> None:
    assert await failures(work, ended("a", took_it=None)) == {}


async def test_a_word_that_it_is_gone_counts_beside_a_success(work: Work) -> None:
    await failures(work, ended("a", took_it=False, is_gone=True), ended("b", took_it=True))
    [endpoint] = (await read_endpoints(work.store.database)).values()
    assert endpoint.disabled_at == NOON
