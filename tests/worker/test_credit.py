"""The credit is asked for by one worker every few minutes, and kept for all who look."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from responder.clients.http import HttpClient
from responder.core.operations.troubles import Credit
from responder.gateways.agile import AgileTelecom
from responder.store.operations.sources import read_credits
from responder.worker.upkeep import CreditQuestion
from tests.conftest import NOON, StandingClock
from tests.receiver import Receiver, receiving
from tests.worker.conftest import Work


@asynccontextmanager
async def asking(work: Work) -> AsyncIterator[tuple[CreditQuestion, Receiver]]:
    async with receiving() as receiver, HttpClient(allow_private=True) as client:
        receiver.body = b'{"credit": 10.324}'
        yield question(work, receiver, client), receiver


def question(work: Work, receiver: Receiver, client: HttpClient, key: str | None = "key") -> CreditQuestion:
    gateway = AgileTelecom(secret=b"s", zone=ZoneInfo("Europe/Rome"), api_key=key, url=receiver.url)
    return CreditQuestion(database=work.store.database, gateway=gateway, client=client, clock=work.clock)


async def known(work: Work) -> Credit:
    (credit,) = await read_credits(work.store.database)
    return credit


async def test_what_the_gateway_tells_is_kept_with_its_time(work: Work) -> None:
    async with asking(work) as (credit, receiver):
        await credit.once()
        (request,) = receiver.questions
        assert (request.method, request.path, request.headers["x-api-key"]) == (
            "GET",
            "/api/services/sms/credit",
            "key",
        )
    assert await known(work) == Credit(gateway="agile", amount=Decimal("10.324"), told_at=NOON)


async def test_it_is_asked_once_in_five_minutes_however_many_workers_look(work: Work, clock: StandingClock) -> None:
    async with asking(work) as (credit, receiver), HttpClient(allow_private=True) as other:
        for _ in range(3):
            await credit.once()
            await question(work, receiver, other).once()
        assert len(receiver.questions) == 1
        clock.advance(minutes=5)
        await credit.once()
        assert len(receiver.questions) == 2


async def test_an_answer_that_cannot_be_read_leaves_the_last_amount_and_is_logged_once(
    work: Work, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with asking(work) as (credit, receiver):
        await credit.once()
        receiver.body = b"<html>"
        for _ in range(3):
            clock.advance(minutes=5)
            await credit.once()
    assert (await known(work)).amount == Decimal("10.324")
    assert "no credit in a form that is known" in ((await known(work)).failure or "")
    assert len(caplog.records) == 1


async def test_a_gateway_that_is_away_is_asked_again_after_a_minute(work: Work, clock: StandingClock) -> None:
    async with asking(work) as (credit, receiver):
        receiver.drops = True
        await credit.once()
        receiver.drops = False
        assert (await known(work)).failure is not None
        clock.advance(minutes=1)
        await credit.once()
        assert await known(work) == Credit(gateway="agile", amount=Decimal("10.324"), told_at=clock.now)


async def test_without_a_key_nothing_is_asked_and_nothing_stays_known(work: Work) -> None:
    async with asking(work) as (credit, receiver), HttpClient(allow_private=True) as client:
        await credit.once()
        await question(work, receiver, client, key=None).once()
        assert len(receiver.questions) == 1
    assert await read_credits(work.store.database) == []
