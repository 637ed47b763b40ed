"""Every list and act gives the same records as a function, as a command, and over HTTP."""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from responder.core.appointments.booking import read_booking
from responder.core.operations.pages import (
    AppointmentFilter,
    ConsentFilter,
    DeliveryFilter,
    MessageFilter,
    SubscriberFilter,
)
from responder.core.rules.rules import Rules
from responder.core.sms.message import MessageStatus
from responder.desk.appointments import list_appointments, local, put_appointment, show_appointment
from responder.desk.consent import count_lists, list_consent, list_subscribers, show_consent
from responder.desk.deliveries import list_deliveries, show_delivery
from responder.desk.desk import Desk, Records
from responder.desk.handoffs import list_handoffs, show_handoff
from responder.desk.messages import list_messages, show_message
from responder.store.base.database import Database
from responder.store.base.tables import messages, steps, subscriptions
from responder.web.api.routes import routes
from responder.web.api.table import OPERATIONS
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.cli.conftest import Installation, folder, here, run
from tests.conftest import NOON
from tests.web.test_api import KEY, TOKEN

__all__ = ["folder", "here"]  # the fixtures
FIRST, SECOND, THIRD = "a1" * 16, "b2" * 16, "c3" * 16
BOOKING = {"id": "v1", "originator": ANNA, "starts_at": "2026-11-24T09:00", "name": "Anna Rossi"}
PAPER = "paper form of 3 May"


@dataclass
class Ways:
    """The three ways to the same records."""

    here: Installation
    desk: Desk
    client: httpx.AsyncClient

    async def listed(self, records: Records[Any], command: str, path: str, name: str) -> list[dict[str, Any]]:
        """A list, once all three ways have given the same."""
        function = [record.as_json() async for record in records.every()]
        answered: list[dict[str, Any]] = (await self.client.get(path)).json()[name]
        commanded = (await run(*command.split(), "--json")).records if command else answered
        assert function == commanded == answered
        return answered

    async def shown(self, record: Mapping[str, Any], command: str, path: str) -> None:
        """Whether one record is the same, whichever way it is asked for."""
        assert dict(record) == (await run(*command.split(), "--json")).record == (await self.client.get(path)).json()


@pytest.fixture
async def ways(here: Installation) -> AsyncIterator[Ways]:
    async def rules() -> Rules:
        return here.work.rules

    store = here.store
    desk = Desk(database=store.database, secret=store.secret, rules=rules, clock=here.work.clock)
    await put_appointment(desk, read_booking(BOOKING, await local(desk)))
    await here.handle(
        inbound("News ON", key=FIRST, received=NOON - minutes(2)),
        inbound("what?", BRUNO, key=SECOND, received=NOON - minutes(1)),
        inbound("News OFF", key=THIRD, received=NOON),
    )
    async with client_at(desk) as client:
        yield Ways(here=here, desk=desk, client=client)


def client_at(desk: Desk) -> httpx.AsyncClient:
    """A client of the API of a desk."""
    transport = httpx.ASGITransport(Starlette(routes=routes(desk, TOKEN)))
    return httpx.AsyncClient(transport=transport, base_url="http://here/api/v1", headers=KEY)


LISTS: Mapping[str, tuple[Callable[[Desk], Records[Any]], str, int]] = {
    "messages": (list_messages, "messages list", 3),
    "messages?rule=news-on": (
        lambda desk: list_messages(desk, MessageFilter(rule="news-on")), "messages list --rule news-on", 1,
    ),
    f"messages?from=%2B{ANNA[1:]}": (
        lambda desk: list_messages(desk, MessageFilter(originator=ANNA)), f"messages list --from {ANNA}", 2,
    ),
    "messages?status=failed": (
        lambda desk: list_messages(desk, MessageFilter(status=MessageStatus.FAILED)),
        "messages list --status failed", 0,
    ),
    "deliveries": (list_deliveries, "deliveries list", 3),
    "deliveries?status=queued": (
        lambda desk: list_deliveries(desk, DeliveryFilter(status="queued")),  # type: ignore[arg-type]
        "deliveries list --status queued", 1,
    ),
    "deliveries?kind=webhook": (
        lambda desk: list_deliveries(desk, DeliveryFilter(kind="webhook")),  # type: ignore[arg-type]
        "", 1,
    ),
    "appointments?day=2026-11-24": (
        lambda desk: list_appointments(desk, AppointmentFilter(begin=NOON, end=NOON + minutes(24 * 60))),
        "appointments list --day 2026-11-24", 1,
    ),
    "messages?unmatched=true": (
        lambda desk: list_messages(desk, MessageFilter(unmatched=True)), "messages list --unmatched", 1,
    ),
    "handoffs": (list_handoffs, "handoffs list", 1),
    "handoffs?all=true": (lambda desk: list_handoffs(desk, every=True), "handoffs list --all", 1),
    "subscribers": (list_subscribers, "subscribers list", 1),
    "subscribers?list=news": (
        lambda desk: list_subscribers(desk, SubscriberFilter(list="news")), "subscribers list --list news", 1,
    ),
    "appointments": (list_appointments, "appointments list", 1),
    "appointments?status=confirmed": (
        lambda desk: list_appointments(desk, AppointmentFilter(status="confirmed")),  # type: ignore[arg-type]
        "appointments list --status confirmed", 0,
    ),
    "consent": (list_consent, "consent export", 2),
    "consent?list=offers": (
        lambda desk: list_consent(desk, ConsentFilter(list="offers")), "consent export --list offers", 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_the_same_each_way(ways: Ways, path: str) -> None:
    find, command, count = LISTS[path]
    name = "events" if path.startswith("consent") else path.partition("?")[0]
    assert len(await ways.listed(find(ways.desk), command, f"/{path}", name)) == count


async def test_a_record_is_the_same_each_way(ways: Ways) -> None:
    desk = ways.desk
    await ways.shown((await show_message(desk, FIRST)).as_json(), f"messages show {FIRST}", f"/messages/{FIRST}")
    await ways.shown((await show_handoff(desk, SECOND)).as_json(), f"handoffs show {SECOND}", f"/handoffs/{SECOND}")
    await ways.shown((await show_appointment(desk, "v1")).as_json(), "appointments show v1", "/appointments/v1")
    delivery = (await list_deliveries(desk).page(limit=1)).items[0]
    assert (await show_delivery(desk, delivery.key)).as_json() == delivery.as_json()
    assert (await ways.client.get(f"/deliveries/{delivery.key}")).json() == delivery.as_json()


async def test_consent_and_counts_are_the_same_each_way(ways: Ways) -> None:
    events, _ = await show_consent(ways.desk, ANNA)
    told = [event.as_json() for event in events]
    assert told == (await run("consent", "show", ANNA, "--json")).records
    assert told == (await ways.client.get(f"/consent/{ANNA}")).json()["events"]
    counts = [count.as_json() for count in (await count_lists(ways.desk))[0]]
    assert counts == (await ways.client.get("/lists")).json()["lists"]
    assert counts == (await run("subscribers", "counts", "--json")).records[:-1]


@dataclass
class Act:
    """The same act as a command and over HTTP, and the list in which it shows."""

    command: tuple[str, ...]
    request: tuple[str, str, dict[str, Any]]
    shows_in: str
    begin: Callable[[Installation], Awaitable[None]] | None = None


async def fail(here: Installation) -> None:
    async with here.store.database.write() as connection:
        await connection.execute(update(messages).where(messages.c.key == SECOND).values(status="failed"))


async def write_visits(here: Installation) -> None:
    line = f"v2,{BRUNO},2026-11-25T09:00,Bruno"
    (here.folder / "visits.csv").write_text(f"id,originator,starts_at,name\n{line}\n")


async def join(here: Installation) -> None:
    async with here.store.database.write() as connection:
        await connection.execute(update(subscriptions).values(status="subscribed"))


async def give_up(here: Installation) -> None:
    async with here.store.database.write() as connection:
        await connection.execute(update(steps).where(steps.c.kind == "webhook").values(status="dead"))


ACTS = {
    "join": Act(
        ("subscribers", "add", BRUNO, "offers", "--evidence", PAPER),
        ("PUT", f"/subscribers/offers/{BRUNO}", {"evidence": PAPER}),
        "subscribers",
    ),
    "leave": Act(("subscribers", "remove", ANNA, "news"), ("DELETE", f"/subscribers/news/{ANNA}", {}), "subscribers", begin=join),
    "close": Act(
        ("handoffs", "done", SECOND, "--note", "called"),
        ("POST", f"/handoffs/{SECOND}/done", {"note": "called"}),
        "handoffs?all=true",
    ),
    "close as a STOP": Act(
        ("handoffs", "done", SECOND, "--opt-out"), ("POST", f"/handoffs/{SECOND}/done", {"opt_out": True}), "consent"
    ),
    "answer": Act(
        ("handoffs", "reply", SECOND, "Call us."), ("POST", f"/handoffs/{SECOND}/reply", {"text": "Call us."}), "deliveries"
    ),
    "receive again": Act(
        ("messages", "retry", SECOND), ("POST", f"/messages/{SECOND}/retry", {}), "messages", begin=fail
    ),
    "queue again": Act(
        ("deliveries", "retry", f"{FIRST}-2"), ("POST", f"/deliveries/{FIRST}-2/retry", {}), "deliveries", begin=give_up
    ),
    "opt out": Act(
        ("subscribers", "remove", ANNA, "--evidence", "by telephone"),
        ("DELETE", f"/subscribers/all/{ANNA}?evidence=by+telephone", {}),
        "consent",
    ),
    "change in the body": Act(
        ("subscribers", "add", BRUNO, "offers", "--evidence", PAPER),
        ("POST", "/subscribers/change", {"number": BRUNO, "list": "offers", "status": "subscribed", "evidence": PAPER}),
        "subscribers",
    ),
    "book": Act(
        ("appointments", "import", "visits.csv"),
        ("PUT", "/appointments/v2", {"originator": BRUNO, "starts_at": "2026-11-25T09:00", "name": "Bruno"}),
        "appointments",
        begin=write_visits,
    ),
    "set a status": Act(
        ("appointments", "set", "v1", "confirmed", "--note", "called"),
        ("POST", "/appointments/v1/status", {"status": "confirmed", "note": "called"}),
        "appointments",
    ),
}  # fmt: skip
CHANGING = (
    "since",
    "at",
    "recorded_at",
    "done_at",
    "by",
    "operator",
    "retried_by",
    "hash",
    "previous_hash",
    "updated_at",
    "next_attempt_at",
)


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_does_the_same_each_way(ways: Ways, act: str) -> None:
    one = ACTS[act]
    if one.begin:
        await one.begin(ways.here)
    find, command, _ = LISTS[one.shows_in]
    name = {"consent": "events"}.get(one.shows_in, one.shows_in.partition("?")[0])
    async with twin_of(ways) as (desk, client):
        method, path, body = one.request
        answer = await client.request(method, path, json=body)
        assert answer.status_code in (200, 201, 204), answer.text
        asked_for = [record.as_json() async for record in find(desk).every()]
    outcome = await run(*one.command)
    assert outcome.code == 0, outcome.err
    typed = await ways.listed(find(ways.desk), command, f"/{one.shows_in}", name)
    assert shape(typed) == shape(asked_for)


@asynccontextmanager
async def twin_of(ways: Ways) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    """A desk on a copy of the same database, and the API of it."""
    place = ways.here.folder / "twin.db"
    with closing(sqlite3.connect(ways.here.folder / "data" / "responder.db")) as original:
        original.execute("VACUUM INTO ?", (str(place),))
    desk = replace(ways.desk, database=Database(f"sqlite+aiosqlite:///{place}"))
    async with client_at(desk) as client:
        yield desk, client
    await desk.database.close()


def shape(records: list[dict[str, Any]]) -> str:
    """Records without what differs from one time to the next."""
    return json.dumps([{name: value for name, value in record.items() if name not in CHANGING} for record in records])


ONLY_OVER_HTTP = {("DELETE", "appointments/{id}")}  # by command, what a file no longer has is cancelled
ONLY_A_LOOK = {("POST", "consent/look-up")}


def test_every_act_of_the_api_is_among_these() -> None:
    requests = [
        (method, path.strip("/").partition("?")[0]) for method, path, _ in (act.request for act in ACTS.values())
    ]
    tried = {
        (operation.method, operation.path)
        for operation in OPERATIONS
        if any(operation.method == method and operation.pattern.fullmatch(path) for method, path in requests)
    }
    acts = {(operation.method, operation.path) for operation in OPERATIONS if operation.acts}
    assert acts - tried == ONLY_OVER_HTTP - ONLY_A_LOOK


def test_every_list_of_the_api_is_among_these() -> None:
    pages = {operation.path for operation in OPERATIONS if operation.page}
    assert pages - {"events"} == {path.partition("?")[0] for path in LISTS}
