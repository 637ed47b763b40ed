"""Time from the request of the gateway to our call at its send API, on an idle system."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.gateway import SendApi, read_http, send_api
from benchmarks.load import form, request
from benchmarks.machine import exact_cpu_s, family
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate, percentile
from benchmarks.running import (
    BenchmarkError,
    Running,
    free_port,
    is_ready,
    python,
    settings_for,
    started,
    working_folder,
)

MESSAGES = 100
PACE_S = (0.1, 0.2)  # between two messages, so that each finds everything idle
WARM_UP = 3
BARE = "bare round trip"
ACKNOWLEDGED = "+OK"
OURS = "call at the send API"
IDLE, IDLE_S = "idle", 20
MS = 1e3


def run(options: Options) -> Report:
    """Compare the time to our call with a bare round trip to the same send API."""
    found = {row.name: row for row in alternate(options, {"responder run": lambda: asyncio.run(_measure(options))})}
    idle = Table(
        title="CPU of responder run, all its processes, while nothing comes", unit="% of a core", rows=[found.pop(IDLE)]
    )
    rows = list(found.values())
    table = Table(
        title=(
            f"latency: {options.count(MESSAGES)} messages a run after {WARM_UP} to warm up, one every "
            f"{PACE_S[0]} to {PACE_S[1]} s, SQLite on disk"
        ),
        unit="ms from the request to",
        rows=rows,
        baselines=(f"{BARE}, p50",),
    )
    goals = [
        Goal(text="ms to the call, p50", value=table.row(f"{OURS}, p50").median, limit=20),
        Goal(text="% of a core, idle", value=idle.row(IDLE).median, limit=3),
        Goal(text="ms to the call, p99", value=table.row(f"{OURS}, p99").median, limit=40),
    ]
    return Report(tables=[table, idle], goals=goals)


async def _measure(options: Options) -> dict[str, float]:
    times: dict[str, list[float]] = {BARE: [], ACKNOWLEDGED: [], OURS: []}
    with working_folder(options.folder) as folder:
        async with send_api() as api, _service(folder, api) as (service, port):
            gateway, web = await _connect(api.port), await _connect(port)
            for number in range(WARM_UP + options.count(MESSAGES)):
                await asyncio.sleep(random.uniform(*PACE_S))
                took = {BARE: await _bare(gateway)} | await _message(web, api, number)
                for name, took_s in took.items() if number >= WARM_UP else ():
                    times[name].append(took_s * MS)
            for _, writer in (gateway, web):
                writer.close()
            idle = await _idle(service, options.count(IDLE_S))
    return {IDLE: idle} | {
        f"{name}, p{share}": percentile(values, share / 100) for name, values in times.items() for share in (50, 99)
    }


@contextlib.asynccontextmanager
async def _service(folder: Path, api: SendApi) -> AsyncIterator[tuple[Running, int]]:
    """``responder run`` with the send API as its gateway, once its worker is ready."""
    port = free_port()
    settings = settings_for(folder, port) | {
        "RESPONDER_SEND_RATE": "1000/s",
        "RESPONDER_AGILE_API_KEY": "benchmark",
        "RESPONDER_AGILE_URL": f"http://127.0.0.1:{api.port}/send",
    }
    with started(folder, "run", *python("responder", "run"), settings=settings) as service:
        await asyncio.to_thread(service.wait_until, lambda: is_ready(port), "the start of responder run")
        yield service, port
        await asyncio.to_thread(service.stop)  # it may still wait for an answer from here


async def _idle(service: Running, seconds: float) -> float:
    """The share of a core that the processes of a service take while nothing comes."""
    processes = family(service.pid)
    before = sum(map(exact_cpu_s, processes))
    await asyncio.sleep(seconds)
    return (sum(map(exact_cpu_s, processes)) - before) / seconds * 100


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _connect(port: int) -> Connection:
    return await asyncio.open_connection("127.0.0.1", port)


async def _bare(gateway: Connection) -> float:
    """What one call to the send API takes, from the request to its answer."""
    reader, writer = gateway
    body = json.dumps({"destination": "nobody"}).encode()
    began_at = time.perf_counter()
    writer.write(b"POST /send HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await read_http(reader)
    return time.perf_counter() - began_at


async def _message(web: Connection, api: SendApi, number: int) -> dict[str, float]:
    reader, writer = web
    fields = form(number)
    began_at = time.perf_counter()
    writer.write(request("/webhook/sms", fields))
    if await read_http(reader) != b"+OK":
        raise BenchmarkError("a message was not acknowledged")
    acknowledged_s = time.perf_counter() - began_at
    return {ACKNOWLEDGED: acknowledged_s, OURS: await api.arrival(fields["originator"]) - began_at}
