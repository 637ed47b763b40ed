"""How long an acknowledgement takes while people look: 20 pages listen, and five people click."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.acknowledge import PATH, started_web
from benchmarks.load import form, request
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Measurement, Options, alternate, percentile
from benchmarks.running import free_port, redis_server, working_folder

MESSAGES = 2_000
EVERY_S = 0.01
FEEDS, PEOPLE = 20, 5
PAGES = ("/", "/inbox", "/lists", "/deliveries", "/appointments")
PAUSE_S = 1.0
ALONE, LOOKED_AT = "nobody looks", f"{FEEDS} feeds, {PEOPLE} people click"
MS = 1e3


def run(options: Options) -> Report:
    """Compare the 99th percentile of acknowledgements with and without people at the console."""
    measured = {ALONE: _measurement(ALONE, 0, 0, options), LOOKED_AT: _measurement(LOOKED_AT, FEEDS, PEOPLE, options)}
    table = Table(
        title=f"console: p99 of an acknowledgement, one each {EVERY_S * MS:.0f} ms",
        unit="ms",
        rows=alternate(options, measured),
        baselines=(ALONE,),
    )
    return Report(tables=[table], goals=[Goal(text=f"times {ALONE}", value=table.ratio(LOOKED_AT, ALONE), limit=1.1)])


def _measurement(name: str, feeds: int, people: int, options: Options) -> Measurement:
    def measure() -> dict[str, float]:
        with working_folder(options.folder) as folder, redis_server(folder) as redis:
            port = free_port()
            with started_web(folder, port, redis.url):
                return {name: asyncio.run(_p99_ms(port, feeds, people, options.count(MESSAGES)))}

    return measure


async def _p99_ms(port: int, feeds: int, people: int, count: int) -> float:
    async with _at_work(port, feeds, people):
        await _acknowledged(port, count // 10)
        return percentile(await _acknowledged(port, count), 0.99) * MS


@asynccontextmanager
async def _at_work(port: int, feeds: int, people: int) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_listen(port)) for _ in range(feeds)]
    tasks += [asyncio.create_task(_click(port, PAGES[place % len(PAGES)])) for place in range(people)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    while await reader.read(65536):
        pass


async def _click(port: int, path: str) -> None:
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()
        await asyncio.sleep(PAUSE_S)


async def _acknowledged(port: int, count: int) -> list[float]:
    """How many seconds each of so many acknowledgements took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took_s = []
    for number in range(count):
        began = time.perf_counter()
        writer.write(request(PATH, form(number + int(time.time() * 1000))))
        await reader.readuntil(b"+OK")
        took_s.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, EVERY_S - took_s[-1]))
    writer.close()
    return took_s
