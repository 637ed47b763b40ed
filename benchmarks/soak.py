"""Ten minutes at 50 texts a second, the console open: whether memory, open files, WAL or Redis grow."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from redis import Redis

from benchmarks.console import office
from benchmarks.gateway import read_http, send_api
from benchmarks.load import form, request
from benchmarks.machine import family, open_files, pss_mb
from benchmarks.report import Goal, Report, Row, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    RULES,
    BenchmarkError,
    Running,
    free_port,
    is_ready,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)
from benchmarks.webhooks import receiver

SECONDS, A_SECOND = 600, 50
SAMPLES = 50  # in that time
WEBHOOKS = 'webhooks:\n  crm: {{url: "http://127.0.0.1:{port}/", events: [message.handled, consent.changed]}}\n'
GROWTH = 1.1
MORE_KEYS = 50  # they are few, and some live for a minute
KEYS = "Redis, keys"
WAL_MB = 16  # it is written back every 4 MB, and later where somebody reads
WAL = "MB of WAL"
FIGURES = ("MB, all processes", "MB, the largest", "open files", WAL, KEYS, "Redis, MB")
EARLY, LATE = "second fifth", "last fifth"


def run(options: Options) -> Report:
    """Compare the most that is held late with the most that is held once everything has been used."""
    rows = {row.name: row for row in alternate(options, {"soak": lambda: asyncio.run(_measure(options))})}
    seconds = options.count(SECONDS)
    tables = [
        Table(
            title=f"{name}: the most in a part of {seconds} s with {A_SECOND} texts a second",
            unit="of the time",
            rows=[Row(name=when, runs=rows[f"{name}, {when}"].runs) for when in (EARLY, LATE)],
            baselines=(EARLY,),
        )
        for name in FIGURES
    ]
    goals = [
        Goal(text=f"times the {name}", value=table.ratio(LATE, EARLY), limit=GROWTH)
        for name, table in zip(FIGURES, tables, strict=True)
        if name not in (KEYS, WAL)
    ]
    more = rows[f"{KEYS}, {LATE}"].median - rows[f"{KEYS}, {EARLY}"].median
    goals.append(Goal(text="more keys of Redis", value=more, limit=MORE_KEYS))
    goals.append(Goal(text=WAL, value=rows[f"{WAL}, {LATE}"].median, limit=WAL_MB))
    return Report(tables=tables, goals=goals)


async def _measure(options: Options) -> dict[str, float]:
    seconds = options.count(SECONDS)
    with working_folder(options.folder) as folder, redis_server(folder) as server, Redis.from_url(server.url) as client:
        async with _service(folder, server.url) as (service, port):
            with office(folder, port):
                sending = asyncio.create_task(_send(port, seconds))
                samples = []
                for _ in range(SAMPLES):
                    await asyncio.sleep(seconds / SAMPLES)
                    samples.append(await asyncio.to_thread(_held, service, folder, client))
                await sending
            await asyncio.to_thread(service.stop)  # it may still wait for an answer from here
    fifth = SAMPLES // 5
    parts = {EARLY: samples[fifth : 2 * fifth], LATE: samples[-fifth:]}
    return {
        f"{name}, {when}": max(sample[place] for sample in part)
        for when, part in parts.items()
        for place, name in enumerate(FIGURES)
    }


@contextlib.asynccontextmanager
async def _service(folder: Path, redis_url: str) -> AsyncIterator[tuple[Running, int]]:
    """``responder run`` with a send API and a system that hears of every text."""
    port = free_port()
    async with send_api() as api, receiver() as hearing:
        settings = settings_for(folder, port, redis_url, RULES + WEBHOOKS.format(port=hearing.port)) | {
            "RESPONDER_SEND_RATE": "1000/s",
            "RESPONDER_AGILE_API_KEY": "benchmark",
            "RESPONDER_AGILE_URL": f"http://127.0.0.1:{api.port}/send",
            "RESPONDER_ALLOW_PRIVATE_WEBHOOKS": "true",
        }
        with started(folder, "run", *python("responder", "run"), settings=settings) as service:
            await asyncio.to_thread(service.wait_until, lambda: is_ready(port), "the start of responder run")
            yield service, port


async def _send(port: int, seconds: int) -> None:
    """Hand in texts at an even pace, each acknowledged before the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began_at = time.monotonic()
    for number in range(seconds * A_SECOND):
        await asyncio.sleep(max(0.0, began_at + number / A_SECOND - time.monotonic()))
        writer.write(request("/webhook/sms", form(number)))
        if await read_http(reader) != b"+OK":
            raise BenchmarkError("a message was not acknowledged")
    writer.close()


def _held(service: Running, folder: Path, client: "Redis") -> tuple[float, ...]:
    """What the service holds now, in the order of the figures."""
    processes = family(service.pid)
    memory = [pss_mb(pid, alone=True) for pid in processes]
    wal = folder / "data" / "responder.db-wal"
    told = cast("dict[str, Any]", client.info("memory"))
    return (
        sum(memory),
        max(memory),
        sum(map(open_files, processes)),
        wal.stat().st_size / 1e6,
        cast("int", client.dbsize()),
        told["used_memory"] / 1e6,
    )
