"""Clients of the API of a desk, without a network."""

import httpx
from starlette.applications import Starlette

from responder.desk.desk import Desk
from responder.web.api.routes import routes
from tests.web.test_api import KEY, TOKEN


def client_at(desk: Desk) -> httpx.AsyncClient:
    """A client of the API of a desk."""
    transport = httpx.ASGITransport(Starlette(routes=routes(desk, TOKEN)))
    return httpx.AsyncClient(transport=transport, base_url="http://here/api/v1", headers=KEY)
