"""What a webhook answers is sent on by the real service, once for each text, though a worker is killed in the middle of the calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import postgres_database, postgres_server
from tests.end_to_end.service import Service, serving
from tests.receiver import ACCEPTED, Receiver, receiving

RULES = """
version: 1
webhooks: {crm: {url: "URL/crm"}}
rules:
  - name: track
    when: {starts_with: track}
    then: [{webhook: {to: crm, reply: "{{ rest }}: {{ response.text }}", otherwise: "{{ rest }}: later"}}]
"""
ANSWER = json.dumps(json.loads(ACCEPTED) | {"text": "here"}).encode()
TEXTS = 15


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        receiver.body, receiver.holds = ANSWER, asyncio.Event()
        yield receiver


@pytest.fixture(params=["sqlite", "postgresql"])
async def service(
    request: pytest.FixtureRequest, tmp_path: Path, receiver: Receiver, redis_socket: str
) -> AsyncIterator[Service]:
    """All in one on SQLite, or one web and two workers on PostgreSQL."""
    if request.param == "sqlite":
        async with serving(tmp_path, receiver, rules=RULES) as service:
            yield service
        return
    async with postgres_database(postgres_server(), template=request.getfixturevalue("postgres_template")) as url:
        places = {"RESPONDER_DATABASE_URL": url.replace("+asyncpg", ""), "RESPONDER_REDIS_URL": redis_socket}
        async with serving(tmp_path, receiver, "web", "worker", "worker-2", rules=RULES, **places) as service:
            yield service


@pytest.mark.faults
async def test_each_text_gets_one_reply_though_a_worker_is_killed_during_the_calls(
    service: Service, receiver: Receiver
) -> None:
    for number in range(TEXTS):
        assert await service.send(f"track {number}", f"+39330{number:07}") == 200
    await receiver.wait_for(5)
    service.kill("worker")
    assert receiver.holds
    receiver.holds.set()
    await service.settled()
    replies = service.query("SELECT originator, content FROM steps WHERE kind = 'reply' ORDER BY originator")
    sent = [request.json()["messageId"] for request in receiver.requests if request.path == "/send"]
    assert [content.partition(":")[0] for _, content in replies] == [str(number) for number in range(TEXTS)]
    assert any(content.endswith(": here") for _, content in replies)
    assert (len(sent), len(set(sent))) == (TEXTS, TEXTS)
    assert service.query("SELECT count(*) FROM awaited") == [(0,)]
