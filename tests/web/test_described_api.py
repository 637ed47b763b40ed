"""The REST API tried from its own description: whatever a client may send, it answers as the description says."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import schemathesis.checks
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.applications import Starlette

from responder.desk.desk import Desk
from responder.store.base.database import Database
from responder.web.api.routes import routes
from responder.web.api.table import OPERATIONS as TABLE
from responder.wiring import utc_now
from tests.builders import ANNA
from tests.conftest import free_port
from tests.web.test_api import KEY, TOKEN, in_force

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


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the API on a real server."""
    path = tmp_path_factory.mktemp("api") / "responder.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite+aiosqlite:///{path}")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await database.close()

    app = Starlette(
        routes=routes(Desk(database=database, secret=b"secret", rules=in_force, clock=utc_now), TOKEN),
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
