"""If-Match on whatever can be overtaken: it is decided within the act, and a refusal shows the present record."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.desk.desk import Desk
from responder.store.base.database import Database
from responder.store.base.tables import messages, steps
from tests.builders import ANNA, BRUNO, inbound
from tests.web.api.clients import client_at
from tests.worker.conftest import Work

FIRST, SECOND = "a1" * 16, "b2" * 16
PAPER = {"evidence": "paper form of 3 May"}


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that can be overtaken: where it is looked at, what is asked, and what overtakes it."""

    record: str
    request: tuple[str, str, dict[str, Any]]
    overtaken_by: tuple[str, str, dict[str, Any]]


ACTS = {
    "close": Act(
        record=f"/handoffs/{FIRST}",
        request=("POST", f"/handoffs/{FIRST}/done", {}),
        overtaken_by=("POST", f"/handoffs/{FIRST}/reply", {"text": "We call you."}),
    ),
    "reply": Act(
        record=f"/handoffs/{FIRST}",
        request=("POST", f"/handoffs/{FIRST}/reply", {"text": "Call us."}),
        overtaken_by=("POST", f"/handoffs/{FIRST}/done", {}),
    ),
    "join": Act(
        record=f"/subscribers/news/{ANNA}",
        request=("PUT", f"/subscribers/news/{ANNA}", PAPER),
        overtaken_by=("DELETE", f"/subscribers/news/{ANNA}", {}),
    ),
    "leave": Act(
        record=f"/subscribers/news/{ANNA}",
        request=("DELETE", f"/subscribers/news/{ANNA}", {}),
        overtaken_by=("DELETE", f"/subscribers/news/{ANNA}", {}),
    ),
    "status": Act(
        record="/appointments/a1",
        request=("POST", "/appointments/a1/status", {"status": "confirmed"}),
        overtaken_by=("POST", "/appointments/a1/status", {"status": "cancelled"}),
    ),
    "queue again": Act(
        record=f"/deliveries/{SECOND}-1",
        request=("POST", f"/deliveries/{SECOND}-1/retry", {}),
        overtaken_by=("POST", f"/deliveries/{SECOND}-1/retry", {}),
    ),
    "receive again": Act(
        record=f"/messages/{FIRST}",
        request=("POST", f"/messages/{FIRST}/retry", {}),
        overtaken_by=("POST", f"/messages/{FIRST}/retry", {}),
    ),
}


@pytest.fixture(autouse=True)
async def stored(client: httpx.AsyncClient, work: Work) -> None:
    """A text with a hand-off and a reply that was given up, a subscriber, and an appointment."""
    await client.put("/appointments/a1", json={"originator": BRUNO, "starts_at": "2026-11-24T09:00"})
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    await work.handle(inbound("what?", key=FIRST), inbound("News ON", BRUNO, key=SECOND))
    async with work.store.database.write() as connection:
        await connection.execute(update(messages).values(status="failed"))
        await connection.execute(update(steps).values(status="dead"))


async def ask(client: httpx.AsyncClient, request: tuple[str, str, dict[str, Any]], etag: str = "") -> httpx.Response:
    method, path, body = request
    return await client.request(method, path, json=body, headers={"if-match": etag} if etag else {})


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_that_was_overtaken_is_refused_with_the_record_as_it_stands(
    client: httpx.AsyncClient, name: str
) -> None:
    act = ACTS[name]
    before = (await client.get(act.record)).headers["etag"]
    assert (await ask(client, act.overtaken_by)).status_code < 300
    refused = await ask(client, act.request, before)
    present = await client.get(act.record)
    assert (refused.status_code, refused.json()["code"]) == (412, "overtaken")
    assert (refused.json()["present"], refused.headers["etag"]) == (present.json(), present.headers["etag"])


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_on_what_stands_as_it_was_seen_is_carried_out(client: httpx.AsyncClient, name: str) -> None:
    act = ACTS[name]
    assert (await ask(client, act.request, (await client.get(act.record)).headers["etag"])).status_code < 300


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_needs_no_if_match(client: httpx.AsyncClient, name: str) -> None:
    assert (await ask(client, ACTS[name].request)).status_code < 300


class Overtaking(Database):
    """A database to which somebody else comes first."""

    def __init__(self, url: str, overtake: Callable[[], Awaitable[object]]) -> None:
        super().__init__(url)
        self._overtake = overtake
        self._is_first = True

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        if self._is_first:
            self._is_first = False
            await self._overtake()
        async with super().write(is_small=is_small) as connection:
            yield connection


@pytest.mark.parametrize("name", ACTS)
async def test_what_comes_between_the_look_and_the_act_counts(
    desk: Desk, client: httpx.AsyncClient, migrated_url: str, name: str
) -> None:
    act = ACTS[name]
    before = (await client.get(act.record)).headers["etag"]
    database = Overtaking(migrated_url, lambda: ask(client, act.overtaken_by))
    async with client_at(replace(desk, database=database)) as slow:
        assert (await ask(slow, act.request, before)).status_code == 412
    await database.close()
