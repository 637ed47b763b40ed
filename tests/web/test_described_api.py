"""The REST API tried from its own description: whatever a client may send, it answers as the description says."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import schemathesis.checks
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.applications import Starlette

from responder.core.appointments.booking import read_booking
from responder.desk.appointments import local, put_appointment
from responder.desk.consent import put_subscriber
from responder.desk.desk import Desk
from responder.store.base.database import Database
from responder.web.api.routes import routes
from responder.web.api.table import OPERATIONS as TABLE
from responder.wiring import utc_now
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import StandingClock, free_port, store_on
from tests.web.test_api import KEY, RULES_IN_FORCE, TOKEN, desk_of, in_force
from tests.worker.conftest import Work

pytestmark = pytest.mark.big  # a second step of .ci/run
schemathesis.checks.load_all_checks()
NOT_PROMISED: Any = schemathesis.checks.CHECKS.get_by_names(
    [
        "ignored_auth",  # without the token there is nothing, so it is 404 and neither 401 nor 403
        "positive_data_acceptance",  # no schema tells which texts are telephone numbers and moments
    ]
)
UNTRUE_OF_GET: Any = schemathesis.checks.CHECKS.get_by_names(
    ["negative_data_rejection"]  # what it made wrong may not be in the address at all: an empty list, or the token
)
TRIES = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,  # the same requests in every run
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


REAL = {"key": "a1" * 16, "list": "news", "number": ANNA, "id": "v1"}


async def put_records(url: str) -> bytes:
    """One record of each kind, so that what is asked of one that there is can be tried; gives the secret."""
    database = Database(url)
    store, clock = await store_on(database), StandingClock()
    work = Work(store=store, clock=clock, rules=RULES_IN_FORCE)
    await work.handle(inbound("News ON", BRUNO, key="b2" * 16), inbound("what?", key=REAL["key"]))
    desk = desk_of(store, clock)
    await put_subscriber(desk, ANNA, "news", joins=True, operator="Mara", evidence="paper")
    booking = {"id": REAL["id"], "originator": ANNA, "starts_at": "2026-12-01T09:00"}
    await put_appointment(desk, read_booking(booking, await local(desk)))
    await database.close()
    return store.secret


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the API on a real server."""
    path = tmp_path_factory.mktemp("api") / "responder.db"
    shutil.copy(sqlite_template, path)
    url = f"sqlite+aiosqlite:///{path}"
    secret = asyncio.run(put_records(url))
    database = Database(url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await database.close()

    app = Starlette(
        routes=routes(Desk(database=database, secret=secret, rules=in_force, clock=utc_now), TOKEN),
        lifespan=lifespan,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_config=None))
    running = threading.Thread(target=asyncio.run, args=(server.serve(),))
    running.start()
    while not server.started:
        running.join(0.01)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    running.join(10)


@pytest.fixture(scope="module")
def schema(served: str) -> OpenApiSchema:
    return schemathesis.openapi.from_url(f"{served}/api/v1/openapi.json", headers=KEY)


OPERATIONS = [(f"/api/v1/{operation.path}", operation.method) for operation in TABLE]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_it_answers_as_it_says(
    schema: OpenApiSchema, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    @TRIES
    @given(schema[path][method].as_strategy(generation_mode=mode))
    def tried(case: schemathesis.Case[Any]) -> None:
        excluded = [*NOT_PROMISED, *(UNTRUE_OF_GET if method == "GET" else ())]
        answer = case.call_and_validate(headers=KEY, excluded_checks=excluded)
        assert answer.text != "not found\n" or mode.is_negative  # which is what a stranger hears

    tried()


WITH_RECORD = [(path, method) for path, method in OPERATIONS if "{" in path]


@pytest.mark.parametrize(("path", "method"), WITH_RECORD)
def test_it_answers_as_it_says_about_a_record_that_there_is(
    schema: OpenApiSchema, served: str, path: str, method: str
) -> None:
    statuses: set[int] = set()
    booking = {"originator": ANNA, "starts_at": "2026-12-01T09:00"}
    httpx.put(f"{served}/api/v1/appointments/{REAL['id']}", json=booking, headers=KEY).raise_for_status()

    @TRIES
    @given(schema[path][method].as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    def tried(case: schemathesis.Case[Any]) -> None:
        of = "b2" * 16 + "-1" if path.startswith("/api/v1/deliveries") else REAL["key"]
        case.path_parameters.update({name: {**REAL, "key": of}[name] for name in case.path_parameters})
        case.headers.pop("If-Match", None)
        case.headers.pop("If-None-Match", None)
        answer = case.call_and_validate(headers=KEY, excluded_checks=NOT_PROMISED)
        statuses.add(answer.status_code)

    tried()
    assert 404 not in statuses, statuses


def test_a_booking_of_a_real_number_and_time_is_taken(schema: OpenApiSchema) -> None:
    @TRIES
    @given(schema["/api/v1/appointments/{id}"]["PUT"].as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    def tried(case: schemathesis.Case[Any]) -> None:
        body: Any = case.body
        case.body = (
            body
            | {"originator": ANNA, "starts_at": "2026-12-01T09:00", "asked_at": None, "id": "a1"}
            | {"language": ""}
        )
        case.headers.clear()
        case.path_parameters["id"] = "a1"
        answer = case.call_and_validate(headers=KEY, excluded_checks=NOT_PROMISED)
        assert answer.status_code in (200, 201)

    tried()


def test_every_operation_is_tried(schema: OpenApiSchema) -> None:
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    described = {(operation.path, operation.method.upper()) for operation in found}
    assert described == set(OPERATIONS)
