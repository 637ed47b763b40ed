"""The REST API of what is stored: lists, one record, and what a person or a program does about it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from responder.core.contact.effects import StepStatus
from responder.desk.appointments import appointment_history
from responder.desk.desk import Desk
from responder.store.base.tables import messages, steps
from responder.web.api.routes import routes
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import StandingClock
from tests.web.test_api import KEY, RULES_IN_FORCE, TOKEN, desk_of
from tests.worker.conftest import Work

PAPER = {"evidence": "paper form of 3 May"}
FIRST, SECOND = "a1" * 16, "b2" * 16


@pytest.fixture
def desk(store: Store, clock: StandingClock) -> Desk:
    return desk_of(store, clock)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=routes(desk, TOKEN)))
    async with httpx.AsyncClient(transport=transport, base_url="http://here/api/v1", headers=KEY) as client:
        yield client


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=RULES_IN_FORCE)


async def fail(work: Work, status: str = "failed") -> None:
    async with work.store.database.write() as connection:
        await connection.execute(update(messages).values(status=status, error="of a test"))


async def test_messages_are_listed_and_shown_with_why(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST), inbound("what?", BRUNO, key=SECOND))
    listed = (await client.get("/messages", params={"rule": "news-on"})).json()
    assert [record["key"] for record in listed["messages"]] == [FIRST]
    shown = (await client.get(f"/messages/{FIRST}")).json()
    assert (shown["rule"], shown["steps"][0]["action"]) == ("news-on", "subscribe")


async def test_a_list_goes_on_after_its_last(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("one", key=FIRST), inbound("two", key=SECOND))
    first = (await client.get("/messages", params={"limit": 1})).json()
    assert first["next"] == FIRST
    second = (await client.get("/messages", params={"limit": 1, "after": FIRST})).json()
    assert ([record["key"] for record in second["messages"]], second["next"]) == ([SECOND], None)
    newest = (await client.get("/messages", params={"limit": 1, "order": "newest"})).json()
    assert newest["messages"][0]["key"] == SECOND


@pytest.mark.parametrize("path", ["messages", "deliveries", "handoffs", "subscribers", "consent", "appointments"])
async def test_all_that_is_wrong_with_filters_is_told_at_once(client: httpx.AsyncClient, path: str) -> None:
    refused = await client.get(f"/{path}", params={"limit": "x", "colour": "red", "order": "best"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert {error.partition(":")[0] for error in refused.json()["errors"]} == {"limit", "colour", "order"}


async def test_a_misspelt_field_and_wrong_values_are_told_together(client: httpx.AsyncClient) -> None:
    wrong = {"originator": "33", "starts_at": "1/12/2026", "nam": "Anna"}
    errors = (await client.put("/appointments/a1", json=wrong)).json()["errors"]
    assert [error.partition(":")[0] for error in errors] == ["nam", "originator", "starts_at"]


async def test_a_failed_message_is_received_again(client: httpx.AsyncClient, work: Work) -> None:
    await work.receive(inbound("News ON", key=FIRST))
    await fail(work)
    assert (await client.post(f"/messages/{FIRST}/retry")).json()["status"] == "received"
    again = await client.post(f"/messages/{FIRST}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "refused")


@pytest.mark.parametrize("path", ["messages/ff", "deliveries/ff", "handoffs/ff", "appointments/ff", "nowhere", ""])
async def test_what_is_not_there_is_told_as_a_problem(client: httpx.AsyncClient, path: str) -> None:
    refused = await client.get(f"/{path}")
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")


async def test_a_method_that_is_not_possible_is_told_with_those_that_are(client: httpx.AsyncClient) -> None:
    refused = await client.patch("/appointments/a1")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")


async def test_a_delivery_that_was_given_up_is_queued_again(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST))
    async with work.store.database.write() as connection:
        await connection.execute(update(steps).values(status=StepStatus.DEAD))
    (reply,) = (await client.get("/deliveries", params={"kind": "reply", "status": "dead"})).json()["deliveries"]
    queued = await client.post(f"/deliveries/{reply['key']}/retry")
    assert (queued.status_code, queued.json()["status"]) == (200, "queued")
    assert (await client.get(f"/deliveries/{reply['key']}")).json() == queued.json()


async def test_a_hand_off_is_answered_and_closed_by_whoever_is_named(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    written = await client.post(f"/handoffs/{FIRST}/reply", json={"text": "Call us."}, headers={"operator": "mia"})
    assert (written.status_code, written.json()["operator"], written.json()["text"]) == (201, "mia", "Call us.")
    done = (await client.post(f"/handoffs/{FIRST}/done", json={"note": "called", "operator": "tom"})).json()
    assert (done["status"], done["by"], done["note"]) == ("done", "tom", "called")
    assert (await client.get("/handoffs")).json()["handoffs"] == []
    assert [one["key"] for one in (await client.get("/handoffs?status=done")).json()["handoffs"]] == [FIRST]
    assert (await client.post(f"/handoffs/{FIRST}/done")).status_code == 409


async def test_a_hand_off_that_was_a_stop_opts_out(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("News ON"), inbound("I want you to stop", key=FIRST))
    await client.post(f"/handoffs/{FIRST}/done", json={"opt_out": True})
    (subscriber,) = (await client.get("/subscribers")).json()["subscribers"]
    assert subscriber["status"] == "unsubscribed"


async def test_an_act_on_what_has_changed_is_refused(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    before = (await client.get(f"/handoffs/{FIRST}")).headers["etag"]
    await work.handle(inbound("are you there?"))
    refused = await client.post(f"/handoffs/{FIRST}/done", headers={"if-match": before})
    assert (refused.status_code, refused.json()["code"]) == (412, "overtaken")


async def test_a_number_joins_and_leaves_a_list(client: httpx.AsyncClient) -> None:
    joined = await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    assert (joined.status_code, joined.json()["status"]) == (200, "subscribed")
    assert (await client.get(f"/subscribers/news/{ANNA}")).json() == joined.json()
    left = await client.delete(f"/subscribers/news/{ANNA}", params={"evidence": "called"})
    assert left.json()["status"] == "unsubscribed"
    back = await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    assert (back.status_code, "has opted out" in back.json()["detail"]) == (409, True)


async def test_a_number_changes_lists_without_standing_in_an_address(client: httpx.AsyncClient) -> None:
    change = {"number": "330 123 4567", "list": "news", "status": "subscribed", **PAPER, "operator": "mia"}
    assert (await client.post("/subscribers/change", json=change)).json()["originator"] == ANNA
    (event,) = (await client.post("/consent/look-up", json={"number": ANNA})).json()["events"]
    assert (event["event"], event["operator"], event["reason"]) == ("opt_in", "mia", PAPER["evidence"])


async def test_leaving_everything_is_as_a_stop(client: httpx.AsyncClient) -> None:
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    assert (await client.delete(f"/subscribers/all/{ANNA}")).status_code == 204
    assert (await client.get(f"/consent/{ANNA}")).json()["standing"][-1]["status"] == "unsubscribed"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"number", "list", "status"}),
        ({"number": "x", "list": "news", "status": "pending"}, {"number", "status"}),
        ({"number": ANNA, "list": "news", "status": "subscribed"}, {"evidence"}),
        ({"number": ANNA, "list": "news", "status": "subscribed", "evidence": "e" * 1001, "x": "y"}, {"evidence", "x"}),
    ],
)
async def test_a_change_that_makes_no_sense_is_told(
    client: httpx.AsyncClient, body: dict[str, Any], wrong: set[str]
) -> None:
    refused = await client.post("/subscribers/change", json=body)
    assert refused.status_code == 422
    assert {error.partition(":")[0] for error in refused.json()["errors"]} == wrong


async def test_a_list_that_nobody_named_is_not_there(client: httpx.AsyncClient) -> None:
    refused = await client.put(f"/subscribers/nwes/{ANNA}", json=PAPER)
    assert (refused.status_code, "did you mean 'news'?" in refused.json()["detail"]) == (404, True)


async def test_lists_are_counted(client: httpx.AsyncClient) -> None:
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    counts = (await client.get("/lists")).json()["lists"]
    assert counts[0] == {"list": "news", "subscribed": 1, "pending": 0, "unsubscribed": 0}


async def test_consent_is_told_as_it_was_recorded_then(client: httpx.AsyncClient, clock: StandingClock) -> None:
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    clock.advance(hours=1)
    await client.delete(f"/subscribers/news/{ANNA}")
    then = (await client.get(f"/consent/{ANNA}", params={"as_of": "30m"})).json()
    assert ([event["event"] for event in then["events"]], then["standing"][0]["status"]) == (["opt_in"], "subscribed")
    ledger = (await client.get("/consent", params={"after": "1"})).json()
    assert [event["seq"] for event in ledger["events"]] == [2]


async def test_the_same_key_is_carried_out_once(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    once = {"idempotency-key": "k1"}
    first = await client.post(f"/handoffs/{FIRST}/reply", json={"text": "Call us."}, headers=once)
    work.clock.advance(hours=1)
    second = await client.post(f"/handoffs/{FIRST}/reply", json={"text": "Call us."}, headers=once)
    assert second.json() == first.json()
    assert len((await client.get("/deliveries", params={"kind": "reply"})).json()["deliveries"]) == 1


async def test_the_same_key_for_something_else_is_refused(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    once = {"idempotency-key": "k1"}
    await client.post(f"/handoffs/{FIRST}/reply", json={"text": "Call us."}, headers=once)
    other = await client.post(f"/handoffs/{FIRST}/reply", json={"text": "Write us."}, headers=once)
    assert (other.status_code, "take a new one" in other.json()["detail"]) == (422, True)


async def test_a_refused_request_may_be_made_again_under_its_key(client: httpx.AsyncClient) -> None:
    once = {"idempotency-key": "k1"}
    assert (await client.put(f"/subscribers/news/{ANNA}", json={}, headers=once)).status_code == 422
    assert (await client.put(f"/subscribers/news/{ANNA}", json=PAPER, headers=once)).status_code == 200


async def test_a_repeated_change_does_not_undo_what_came_since(client: httpx.AsyncClient) -> None:
    once = {"idempotency-key": "k1"}
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER, headers=once)
    await client.delete(f"/subscribers/news/{ANNA}")
    again = await client.put(f"/subscribers/news/{ANNA}", json=PAPER, headers=once)
    assert (again.status_code, again.json()["status"]) == (200, "unsubscribed")


async def test_the_page_for_people_names_every_operation_and_fetches_nothing(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "POST /api/v1/consent/look-up" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")


async def test_the_api_describes_every_route(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert paths["/api/v1/appointments/{id}"].keys() == {"get", "put", "delete"}
    assert "post" in paths["/api/v1/subscribers/change"]


BOOKING = {"originator": ANNA, "starts_at": "2026-11-24T09:00", "name": "Anna Rossi"}


async def test_what_was_said_by_telephone_is_set_with_who_and_why(client: httpx.AsyncClient, desk: Desk) -> None:
    await client.put("/appointments/a/1", json=BOOKING)
    said = {"status": "confirmed", "note": "called at ten", "operator": "mia"}
    told = await client.post("/appointments/a/1/status", json=said)
    assert (told.status_code, told.json()["status"]) == (200, "confirmed")
    last = (await appointment_history(desk, "a/1"))[-1]
    assert (last.by, last.new_status, "called at ten" in last.detail) == ("mia", "confirmed", True)


@pytest.mark.parametrize(
    ("body", "wrong"), [({}, {"status"}), ({"status": "lost", "note": 1, "x": 2}, {"status", "note", "x"})]
)
async def test_a_status_that_is_none_is_told(client: httpx.AsyncClient, body: dict[str, Any], wrong: set[str]) -> None:
    await client.put("/appointments/a1", json=BOOKING)
    refused = await client.post("/appointments/a1/status", json=body)
    assert refused.status_code == 422
    assert {error.partition(":")[0] for error in refused.json()["errors"]} == wrong


async def test_who_books_stands_in_the_history(client: httpx.AsyncClient, desk: Desk) -> None:
    await client.put("/appointments/a1", json=BOOKING, headers={"operator": "booking desk"})
    await client.delete("/appointments/a1")
    assert [event.by for event in await appointment_history(desk, "a1")] == ["booking desk", "api"]


async def test_events_are_fetched_after_the_last_that_is_known(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("News ON", key=FIRST))
    first = (await client.get("/events", params={"limit": 1})).json()
    assert [event["type"] for event in first["events"]] == ["consent.changed"]
    rest = (await client.get("/events", params={"after": first["next"]})).json()
    assert [event["type"] for event in rest["events"]] == ["message.handled"]
    assert (rest["events"][0]["data"]["message"]["key"], rest["next"]) == (FIRST, None)


async def test_the_language_of_a_subscriber_is_one_of_the_file_in_any_case(client: httpx.AsyncClient) -> None:
    made = await client.put(f"/subscribers/news/{ANNA}", json={**PAPER, "language": "EN"})
    assert made.json()["language"] == "en"
    refused = await client.put(f"/subscribers/news/{ANNA}", json={**PAPER, "language": "klingon"})
    assert refused.status_code == 422
