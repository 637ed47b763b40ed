"""Twenty pages that listen while the web process is killed and started again: nothing is missing, nothing is there twice."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import Service, send_steadily, serving
from tests.receiver import Receiver

PAGES, TEXTS = 20, 15
ENDS = (signal.SIGKILL, signal.SIGTERM)
AGAIN_S = 0.1

pytestmark = pytest.mark.faults


@dataclass
class Page:
    """What the script of a page does with the stream: rows are put in by id, and a lost stream is taken up again."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    place: str = "0"
    connections: int = 0

    async def listen(self, service: Service) -> None:
        """Listen for ever."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=60, verify=False) as client:  # noqa: S501
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    async with client.stream("GET", "/events", headers={"last-event-id": self.place}) as stream:
                        self.connections += stream.status_code == 200
                        await self._hear(stream)
                await asyncio.sleep(AGAIN_S)

    async def _hear(self, stream: httpx.Response) -> None:
        event = ""
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            match name:
                case "id":
                    self.place = value
                case "event":
                    event = value
                    if event == "gap":
                        self.rows.clear()
                case "data" if event == "rows":
                    told = json.loads(value)
                    assert len({row["id"] for row in told}) == len(told), "a row was told twice at once"
                    self.rows |= {row["id"]: row for row in told}


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver, shared: dict[str, str]) -> AsyncIterator[Service]:
    async with serving(tmp_path, receiver, "web", "worker", **shared) as service:
        yield service


async def test_twenty_pages_have_every_text_once_after_the_server_was_killed_and_started_again(
    service: Service,
) -> None:
    pages = [Page() for _ in range(PAGES)]
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(page.listen(service)) for page in pages]
        await wait_until(lambda: all(page.connections for page in pages), 120, "all pages to listen")
        for number, end in enumerate(ENDS):
            sending = asyncio.create_task(send_steadily(service, TEXTS, start=number * TEXTS))
            await wait_until(lambda: any(page.rows for page in pages), 120, "a first text")
            service.kill("web", end)
            await asyncio.to_thread(service.processes["web"].wait)
            await service.start()
            await sending
        await service.settled(120)
        keys = {f"m-{key}" for (key,) in service.query("SELECT key FROM messages")}
        assert len(keys) == len(ENDS) * TEXTS == len(service.query("SELECT DISTINCT originator FROM messages"))

        def is_all_there() -> bool:
            return all(
                page.rows.keys() == keys and all("Welcome" in row["html"] for row in page.rows.values())
                for page in pages
            )

        await wait_until(is_all_there, 120, "every text, with its reply, on every page")
        assert all(page.connections > len(ENDS) for page in pages)
        assert len({json.dumps(sorted(page.rows.items())) for page in pages}) == 1, "the pages do not agree"
        for task in listening:
            task.cancel()
