"""A web process whose intake dies for good: it ends, so that whoever started it starts it again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from responder.core.sms.message import Inbound
from responder.settings.model import load_settings
from responder.store.inbox.inbox import SqlInbox
from responder.web.server import listen
from responder.wiring import Store, open_rules
from tests.conftest import free_port, wait_until
from tests.web.conftest import FORM, VECTOR_1

RULES = "version: 1\nfallback: {then: [hand_off: unrecognised]}\n"


class DyingInbox(SqlInbox):
    """Takes the intake with it."""

    async def add(self, inbound: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        raise asyncio.CancelledError


async def test_a_web_process_whose_intake_dies_ends_with_an_error(
    store: Store, redis_socket: str, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    port = free_port()
    settings = load_settings({"RESPONDER_PORT": str(port), "RESPONDER_RULES": str(tmp_path / "rules.yaml")})
    in_force = await open_rules(settings, store, decides=False)
    dying = replace(store, inbox=DyingInbox(store.database))
    running = asyncio.create_task(listen(settings, dying, redis_socket, in_force))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        await wait_until(lambda: _answers(client))
        response = await client.post("/webhook/sms", content=VECTOR_1, headers=FORM)
    assert response.status_code == 503
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(running, 30)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
