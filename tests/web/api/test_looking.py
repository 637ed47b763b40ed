"""Looking over HTTP: what a caller that polls or caches relies on."""

import httpx
import pytest

from tests.builders import ANNA, BRUNO, inbound
from tests.web.api.test_overtaken import FIRST
from tests.worker.conftest import Work

PAPER = {"evidence": "paper form of 3 May"}


async def test_the_ledger_is_polled_by_its_numbers_from_before_the_first_to_behind_the_last(
    client: httpx.AsyncClient,
) -> None:
    await client.put(f"/subscribers/news/{ANNA}", json=PAPER)
    found = [(await client.get("/consent", params={"after": after})).json() for after in ("0", "1", "999")]
    assert [[event["seq"] for event in page["events"]] for page in found] == [[1], [], []]
    await client.put(f"/subscribers/news/{BRUNO}", json=PAPER)
    later = (await client.get("/consent", params={"after": "1"})).json()
    assert [event["seq"] for event in later["events"]] == [2]


async def test_pages_show_each_record_once_while_others_arrive(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(*(inbound(f"text {number}", key=f"{number:032x}") for number in range(1, 5)))
    first = (await client.get("/messages", params={"limit": "2"})).json()
    await work.handle(inbound("another", key=f"{9:032x}"))
    second = (await client.get("/messages", params={"limit": "2", "after": first["next"]})).json()
    third = (await client.get("/messages", params={"limit": "2", "after": second["next"]})).json()
    keys = [record["key"] for page in (first, second, third) for record in page["messages"]]
    assert (keys, third["next"]) == ([f"{number:032x}" for number in (1, 2, 3, 4, 9)], None)


@pytest.mark.parametrize("known", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
async def test_who_has_the_record_already_is_not_given_it_again(
    client: httpx.AsyncClient, work: Work, known: str
) -> None:
    await work.handle(inbound("what?", key=FIRST))
    etag = (await client.get(f"/messages/{FIRST}")).headers["etag"]
    again = await client.get(f"/messages/{FIRST}", headers={"if-none-match": known.format(etag=etag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)


async def test_a_record_that_changed_is_given_again(client: httpx.AsyncClient, work: Work) -> None:
    await work.handle(inbound("what?", key=FIRST))
    etag = (await client.get(f"/handoffs/{FIRST}")).headers["etag"]
    await client.post(f"/handoffs/{FIRST}/done", json={})
    again = await client.get(f"/handoffs/{FIRST}", headers={"if-none-match": etag})
    assert (again.status_code, again.json()["status"]) == (200, "done")


async def test_every_refusal_of_a_body_has_the_code_of_the_page(client: httpx.AsyncClient) -> None:
    refused = [
        await client.put("/appointments/a1", content=b"[]"),
        await client.put("/appointments/a1", json={}, headers={"idempotency-key": "k" * 201}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(422, "invalid")}
