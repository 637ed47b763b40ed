"""The REST API of appointments: who gets in, what is kept, and what is refused with its reason."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from responder.core.appointments.booking import LONGEST
from responder.core.contact.effects import AppointmentStatus
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.errors import StorageError
from responder.rulefile import read_rules
from responder.settings.model import load_settings
from responder.store.base.history import read_history
from responder.web.api.description import document
from responder.web.api.routes import routes
from responder.web.server import api_routes
from responder.wiring import Store
from tests.builders import ANNA, inbound
from tests.conftest import StandingClock
from tests.worker.conftest import RULES, Work

TOKEN = "correct-horse"
LIST = "http://here/api/v1/appointments"
KEY = {"authorization": f"Bearer {TOKEN}"}
BOOKING = {"originator": "330 123 4567", "starts_at": "2026-11-24T09:00", "name": "Anna Rossi"}
RULES_IN_FORCE = read_rules(RULES, "rules.yaml", {})


async def in_force() -> Rules:
    return RULES_IN_FORCE


def desk_of(store: Store, clock: StandingClock, rules: Callable[[], Any] = in_force) -> Desk:
    return Desk(database=store.database, secret=store.secret, rules=rules, clock=clock)


def client_of(
    store: Store, clock: StandingClock, rules: Callable[[], Any] = in_force, **options: Any
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=routes(desk_of(store, clock, rules), TOKEN)))
    return httpx.AsyncClient(
        transport=transport, base_url="http://here/api/v1/appointments", headers=options.get("headers", KEY)
    )


@pytest.fixture
async def client(store: Store, clock: StandingClock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(store, clock) as client:
        yield client


async def test_an_appointment_is_made_and_has_the_fields_of_a_record(client: httpx.AsyncClient) -> None:
    made = await client.put("/a1", json=BOOKING)
    assert (made.status_code, made.json()) == (
        201,
        {
            "id": "a1",
            "originator": ANNA,
            "starts_at": "2026-11-24T08:00:00Z",
            "name": "Anna Rossi",
            "service": "",
            "location": "",
            "language": "",
            "status": "scheduled",
            "updated_at": "2026-11-23T12:00:00Z",
        },
    )
    assert (await client.get("/a1")).json() == made.json()


async def test_the_same_again_changes_nothing(client: httpx.AsyncClient, clock: StandingClock) -> None:
    made = await client.put("/a1", json=BOOKING)
    clock.advance(minutes=1)
    again = await client.put("/a1", json=BOOKING)
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, made.json(), made.headers["etag"])


async def test_another_time_moves_it(client: httpx.AsyncClient) -> None:
    made = await client.put("/a1", json=BOOKING)
    moved = await client.put("/a1", json={**BOOKING, "starts_at": "2026-11-25T09:00+00:00"})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, "2026-11-25T09:00:00Z")
    assert moved.headers["etag"] != made.headers["etag"]


async def test_deleting_is_done_once_and_said_as_often_as_asked(client: httpx.AsyncClient, store: Store) -> None:
    await client.put("/a1", json=BOOKING)
    assert [(await client.delete("/a1")).status_code for _ in range(2)] == [204, 204]
    assert (await client.get("/a1")).status_code == 404
    assert [(event.what, event.by, event.number) for event in await read_history(store.database, "a1")] == [
        ("new", "api", 1),
        ("deleted", "api", 2),
    ]


async def test_the_numbers_of_an_id_go_on_when_it_comes_back(client: httpx.AsyncClient, store: Store) -> None:
    await client.put("/a1", json=BOOKING)
    await client.delete("/a1")
    assert (await client.put("/a1", json=BOOKING)).status_code == 201
    assert [event.number for event in await read_history(store.database, "a1")] == [1, 2, 3]


async def test_a_change_that_rests_on_an_old_state_is_refused(
    client: httpx.AsyncClient, store: Store, clock: StandingClock
) -> None:
    etag = (await client.put("/a1", json=BOOKING)).headers["etag"]
    await Work(store=store, clock=clock, rules=RULES_IN_FORCE).handle(inbound("yes"))
    for method in ("PUT", "DELETE"):
        refused = await client.request(method, "/a1", json={**BOOKING, "name": "B"}, headers={"if-match": etag})
        assert refused.status_code == 412
    fresh = (await client.get("/a1")).headers["etag"]
    assert (await client.put("/a1", json={**BOOKING, "name": "B"}, headers={"if-match": fresh})).json()[
        "status"
    ] == "confirmed"


@pytest.mark.parametrize(
    ("headers", "exists", "status"),
    [
        ({"if-none-match": "*"}, False, 201),
        ({"if-none-match": "*"}, True, 412),
        ({"if-match": "*"}, False, 412),
        ({"if-match": "*"}, True, 200),
        ({"if-match": '"0-0", "1-1"'}, True, 412),
    ],
)
async def test_a_put_may_ask_that_there_is_one_or_none(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, *, exists: bool
) -> None:
    if exists:
        await client.put("/a1", json=BOOKING)
    assert (await client.put("/a1", json=BOOKING, headers=headers)).status_code == status


async def test_all_that_is_wrong_is_told_at_once(client: httpx.AsyncClient) -> None:
    refused = await client.put("/a1", json={"originator": "hello", "starts_at": "2026-12-01", "name": "x" * 201})
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [
            "originator: 'hello' is not a telephone number, expected for example +393301234567",
            "starts_at: '2026-12-01' is a day without a time, expected for example 2026-12-01T09:00",
            "name: 201 characters, at most 200 are kept: shorten it",
        ],
    )
    assert (await client.get("/a1")).status_code == 404


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[" * 100_000, 413),
        (b"[" * 60_000, 400),
        (b"[]", 422),
        (b'{"originator": 1, "starts_at": "2026-12-01T09:00"}', 422),
        (b'{"id": "other", "originator": "+393301234567", "starts_at": "2026-12-01T09:00"}', 422),
        (b'{"status": "confirmed", "originator": "+393301234567", "starts_at": "2026-12-01T09:00"}', 422),
        (b'{"originator": "+393301234567", "starts_at": "0001-01-01T00:00"}', 422),
        (b'{"originator": "\\ud800", "starts_at": "2026-12-01T09:00"}', 422),
        (b"x" * 70_000, 413),
        (b"\xff", 400),
    ],
)
async def test_a_body_that_is_no_booking_is_refused(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    refused = await client.put("/a1", content=content)
    assert refused.status_code == status
    assert refused.json()["errors"]


@pytest.mark.parametrize(
    ("content", "title", "code"),
    [(b"{}", "Unprocessable Content", "invalid"), (b"x" * 70_000, "Content Too Large", "content_too_large")],
)
async def test_a_refusal_is_called_the_same_by_every_python(
    client: httpx.AsyncClient, content: bytes, title: str, code: str
) -> None:
    refused = (await client.put("/a1", content=content)).json()
    assert (refused["title"], refused["code"]) == (title, code)


async def test_what_no_database_keeps_is_left_out(client: httpx.AsyncClient) -> None:
    assert (await client.put("/a1", json={**BOOKING, "name": "An\x00na\n Rossi"})).json()["name"] == "Anna Rossi"
    assert (await client.put("/a%00b", json=BOOKING)).status_code == 422


async def test_the_list_is_by_start_and_goes_on_after_a_page(client: httpx.AsyncClient) -> None:
    for number in (3, 1, 2):
        await client.put(f"/a{number}", json={**BOOKING, "starts_at": f"2026-11-2{number}T09:00"})
    first = (await client.get(LIST, params={"limit": "2"})).json()
    assert ([found["id"] for found in first["appointments"]], first["next"]) == (["a1", "a2"], "a2")
    second = (await client.get(LIST, params={"after": "a2"})).json()
    assert ([found["id"] for found in second["appointments"]], second["next"]) == (["a3"], None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"day": "2026-11-24"}, ["a1"]),
        ({"number": "+393307654321"}, ["a2"]),
        ({"status": "scheduled"}, ["a1", "a2"]),
        ({"status": "confirmed"}, []),
    ],
)
async def test_the_list_is_filtered(client: httpx.AsyncClient, query: dict[str, str], found: list[str]) -> None:
    await client.put("/a1", json={**BOOKING, "starts_at": "2026-11-24T00:00"})  # the first moment of the day in Rome
    await client.put("/a2", json={**BOOKING, "originator": "+393307654321", "starts_at": "2026-11-25T00:00"})
    assert [one["id"] for one in (await client.get(LIST, params=query)).json()["appointments"]] == found


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"day": "someday"}, 422),
        ({"status": "lost"}, 422),
        ({"number": "x"}, 422),
        ({"limit": "0"}, 422),
        ({"limit": "x"}, 422),
        ({"after": "x"}, 422),
        ({"stauts": "confirmed"}, 422),
    ],
)
async def test_a_filter_that_makes_no_sense_is_told(
    client: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await client.get(LIST, params=query)).status_code == status


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"authorization": "Bearer caf\u00e9".encode()}],
)
@pytest.mark.parametrize("path", [LIST, "/a1", "http://here/api/v1/openapi.json"])
async def test_without_the_token_there_is_nothing(
    store: Store, clock: StandingClock, headers: dict[str, Any], path: str
) -> None:
    async with client_of(store, clock, headers=headers) as stranger:
        assert (await stranger.get(path)).status_code == 404


def test_without_a_token_in_the_settings_there_is_no_api(store: Store, clock: StandingClock) -> None:
    desk = desk_of(store, clock)
    assert api_routes(load_settings({}), desk) == ()
    assert api_routes(load_settings({"RESPONDER_API_TOKEN": TOKEN}), desk)


async def test_a_database_that_is_away_is_told(store: Store, clock: StandingClock) -> None:
    async def fail() -> Rules:
        raise StorageError("gone")

    async with client_of(store, clock, fail) as client:
        assert (await client.put("/a1", json=BOOKING)).status_code == 503


async def test_the_description_has_the_fields_that_an_appointment_has(client: httpx.AsyncClient) -> None:
    made = (await client.put("/a1", json=BOOKING)).json()
    assert list(made) == list(document()["components"]["schemas"]["Appointment"]["properties"])
    assert datetime.fromisoformat(made["starts_at"]).tzinfo == UTC


@pytest.mark.parametrize("of", ["Booking", "Appointment"])
def test_the_description_has_the_limits_that_are_kept(of: str) -> None:
    fields = document()["components"]["schemas"][of]["properties"]
    assert {name: field["maxLength"] for name, field in fields.items() if "maxLength" in field} == {
        name: longest for name, longest in LONGEST.items() if name in fields
    }


def test_the_description_has_every_status() -> None:
    statuses = [str(status) for status in AppointmentStatus]
    assert document()["components"]["schemas"]["Appointment"]["properties"]["status"]["enum"] == statuses
    assert document()["components"]["parameters"]["appointment_status"]["schema"]["enum"] == statuses


@pytest.mark.parametrize("originator", ["330 1234567.0", "3.93301234567E11", "330123456O", "3301234567;3317654321"])
async def test_a_number_of_a_spreadsheet_that_is_none_is_refused(client: httpx.AsyncClient, originator: str) -> None:
    assert (await client.put("/a1", json={**BOOKING, "originator": originator})).status_code == 422


async def test_a_time_with_a_dot_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.put("/a1", json={**BOOKING, "starts_at": "2026-11-24 09.30"})).status_code == 422


async def test_a_language_is_one_of_the_file_in_any_case(client: httpx.AsyncClient) -> None:
    assert (await client.put("/a1", json={**BOOKING, "language": "en-GB"})).json()["language"] == "en"
    assert (await client.put("/a1", json={**BOOKING, "language": "klingon"})).status_code == 422
