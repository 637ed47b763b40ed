"""The console beside the gateway: acknowledgements while it is used, its memory, and its pages on a big table."""

import asyncio
import contextlib
import http.client
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.load import form, request
from benchmarks.machine import pss_mb
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate, percentile
from benchmarks.running import BenchmarkError, free_port, is_ready, python, settings_for, started, working_folder

MESSAGES = 600  # of one window
WINDOWS = 8  # of each kind, in turn: a hundredth of fewer messages is too few to tell one hundredth from another
PACE_S = 0.01  # between an acknowledgement and the next message
FEEDS, PEOPLE = 20, 5
THINKING_S = (0.5, 1.5)  # between two clicks of one person
STORED = 1_000_000  # messages
LOOKS = 3  # at each page; the slowest counts
ALONE, USED = "+OK with nobody at the console", "+OK with 20 feeds and 5 people"
MEMORY = "responder run, console used"
SETTLED_MS = 500
CLICKED = ("/", "/?rule=news-on", "/?unmatched=1", "/inbox", "/lists", "/lists/news", "/deliveries", "/appointments")
PAGES = (*CLICKED, "/?rule=seldom", "/?status=failed", "/?day=today", "/deliveries?tab=all", "/rules", "/status")
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO {table} ({columns}) SELECT {values} FROM n, (SELECT * FROM {table} ORDER BY seq DESC LIMIT 1) AS one
"""


def run(options: Options) -> Report:
    """Compare acknowledgements with and without the console in use, and time its pages on 1,000,000 messages."""
    beside = alternate(options, {"beside": lambda: asyncio.run(_beside(options))})
    pages = alternate(options, {"pages": lambda: _pages(options)})
    ms = [row for row in beside if row.name != MEMORY]
    used = Table(
        title=f"acknowledgement: {WINDOWS} windows of {options.count(MESSAGES)} messages of each kind, in turn",
        unit="ms",
        rows=ms,
        baselines=(f"{ALONE}, p50", f"{ALONE}, p99"),
    )
    memory = Table(title="memory: PSS of all processes", unit="MB", rows=[row for row in beside if row.name == MEMORY])
    big = Table(title=f"pages on {options.count(STORED):,} messages, SQLite on disk", unit="ms", rows=pages)
    slowest = max(pages, key=lambda row: row.median)
    goals = [
        Goal(text="times the acknowledgement's p99", value=used.ratio(f"{USED}, p99", f"{ALONE}, p99"), limit=1.1),
        Goal(text="MB with the console used", value=memory.row(MEMORY).median, limit=300),
        Goal(text=f"ms of the slowest page ({slowest.name})", value=slowest.median, limit=SETTLED_MS),
    ]
    return Report(tables=[used, memory, big], goals=goals)


async def _beside(options: Options) -> dict[str, float]:
    times: dict[str, list[float]] = {ALONE: [], USED: []}
    with working_folder(options.folder) as folder, _service(folder) as (port, pid):
        first = 0
        await asyncio.to_thread(_look, port, "/")  # the console is imported on first use
        for window in range(2 * WINDOWS):
            name = (ALONE, USED)[window % 2]
            with office(folder, port) if name == USED else contextlib.nullcontext():
                times[name] += await _send(port, first, options.count(MESSAGES))
            first += options.count(MESSAGES)
        memory = pss_mb(pid)
    figures = {f"{name}, p{share}": percentile(ms, share / 100) for share in (50, 99) for name, ms in times.items()}
    return figures | {MEMORY: memory}


@contextlib.contextmanager
def _service(folder: Path) -> Iterator[tuple[int, int]]:
    """``responder run`` in a folder: its port and its process."""
    port = free_port()
    with started(folder, "run", *python("responder", "run"), settings=settings_for(folder, port)) as service:
        service.wait_until(lambda: is_ready(port), "the start of responder run")
        yield port, service.pid


@contextlib.contextmanager
def office(folder: Path, port: int) -> Iterator[None]:
    """Open feeds and people who click, in a process of their own."""
    with started(folder, "office", *python("benchmarks.console", str(port))) as office:
        office.wait_until(lambda: "all listen" in office.log.read_text(), "the opening of all feeds")
        yield
        office.process.kill()
    office.log.unlink()


async def _send(port: int, first: int, count: int) -> list[float]:
    """How many milliseconds each of the messages waited for its acknowledgement, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waited: list[float] = []
    for number in range(first, first + count):
        began_at = time.perf_counter()
        writer.write(request("/webhook/sms", form(number)))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200") or await reader.readexactly(3) != b"+OK":
            raise BenchmarkError("a message was not acknowledged")
        waited.append((time.perf_counter() - began_at) * 1e3)
        await asyncio.sleep(PACE_S)
    writer.close()
    return waited


def _pages(options: Options) -> dict[str, float]:
    with working_folder(options.folder) as folder:
        with _service(folder) as (port, _):
            asyncio.run(_send(port, 0, 1))
            key = _handled(folder)
        _fill(folder / "data" / "responder.db", options.count(STORED))
        with _service(folder) as (port, _):
            _look(port, "/")
            paths = (*PAGES, f"/messages/{key}")
            names = (*PAGES, "/messages/KEY")
            return {name: max(_look(port, path) for _ in range(LOOKS)) for name, path in zip(names, paths, strict=True)}


def _handled(folder: Path) -> str:
    """The key of the one message, once it is handled and answered."""
    ends_at = time.monotonic() + 60
    with contextlib.closing(sqlite3.connect(folder / "data" / "responder.db", timeout=10)) as connection:
        while time.monotonic() < ends_at:
            if found := connection.execute("SELECT message_key FROM steps WHERE status = 'simulated'").fetchone():
                return str(found[0])
            time.sleep(0.05)
    raise BenchmarkError("the message was not answered")


def _fill(path: Path, count: int) -> None:
    """Copy the message and its reply, each copy from an originator of its own, a hundredth of them unmatched."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        number = "'+3935' || printf('%08d', i)"
        rule = "CASE WHEN i % 100 = 0 THEN 'fallback' ELSE one.rule END"
        said = {"messages": {"key": "printf('%032x', i)", "originator": number, "rule": rule}}
        said["steps"] = {"key": "printf('%032x:0', i)", "message_key": "printf('%032x', i)", "originator": number}
        for table, values in said.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
            filled = ", ".join(values.get(name, f'one."{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            connection.execute(FILL.format(table=table, columns=names, values=filled, count=count))


def _look(port: int, path: str) -> float:
    """How many milliseconds a page takes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began_at = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != 200:
        raise BenchmarkError(f"{path} answered {response.status}")
    return (time.perf_counter() - began_at) * 1e3


async def sit_in_the_office(port: int) -> None:
    """Listen and click until somebody ends it."""
    waiting, all_listen = set(range(FEEDS)), asyncio.Event()

    async def listen(client: httpx.AsyncClient, number: int) -> None:
        async with client.stream("GET", "/events") as stream:
            waiting.discard(number)
            if not waiting:
                all_listen.set()
            async for _ in stream.aiter_raw():
                pass

    async def click(client: httpx.AsyncClient) -> None:
        while True:
            (await client.get(random.choice(CLICKED))).raise_for_status()
            await asyncio.sleep(random.uniform(*THINKING_S))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=None) as client:  # noqa: S113  (streams)
        feeds = [asyncio.create_task(listen(client, number)) for number in range(FEEDS)]
        await all_listen.wait()
        print("all listen", flush=True)
        await asyncio.gather(*feeds, *(click(client) for _ in range(PEOPLE)))


if __name__ == "__main__":
    asyncio.run(sit_in_the_office(int(sys.argv[1])))
