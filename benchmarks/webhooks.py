"""Webhook calls to a fast receiver, alone and beside a slow one, and the worker's memory."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import insert

from benchmarks.gateway import read_http
from benchmarks.machine import pss_mb
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import BenchmarkError, Running, python, redis_server, settings_for, started, working_folder
from responder.core.contact.effects import Step, StepKind
from responder.settings.model import Settings, load_settings
from responder.store.base.tables import steps
from responder.store.queue.entering import step_rows
from responder.wiring import migrate_database, open_store

CALLS = 5_000
SLOW_S = 0.2
LIMIT_S = 600.0
TOGETHER = 1000
CONTENT = '{"type": "rule.matched", "timestamp": "2026-11-23T12:00:00Z", "data": {"rule": "news-on"}}'
ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
ALONE, BESIDE = "the fast one, alone", "the fast one, beside a slow one"
BEFORE, AFTER = "after a tenth of the calls", "after all of them"


@dataclass(slots=True)
class Receiver:
    """Takes every call after a while, and remembers when the first and the last came."""

    port: int = 0
    count: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reach(self, count: int, worker: Running) -> None:
        """Return when so many calls have come."""
        ends_at = time.perf_counter() + LIMIT_S
        while self.count < count:
            if worker.process.poll() is not None or time.perf_counter() > ends_at:
                raise BenchmarkError(f"{self.count} of {count} calls\n{worker.log.read_text()[-2000:]}")
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), 1)


def run(options: Options) -> Report:
    """Compare calls to a fast receiver alone with the same beside a slow one."""
    count = options.count(CALLS)
    rows = alternate(
        options, {ALONE: lambda: _measured(options, beside=False), BESIDE: lambda: _measured(options, beside=True)}
    )
    times = [row for row in rows if row.name in (ALONE, BESIDE)]
    memory = [row for row in rows if row.name in (BEFORE, AFTER)]
    took = Table(
        title=(
            f"webhooks: {count:,} calls to a receiver that answers at once, the slow one takes "
            f"{SLOW_S * 1000:.0f} ms for each of as many"
        ),
        unit="seconds",
        rows=times,
        baselines=(ALONE,),
    )
    used = Table(title="memory of the worker: PSS", unit="MB", rows=memory, baselines=(BEFORE,))
    goals = [
        Goal(text=f"times {ALONE}", value=took.ratio(BESIDE, ALONE), limit=1.2),
        Goal(text=f"times the memory {BEFORE}", value=used.ratio(AFTER, BEFORE), limit=1.2),
    ]
    return Report(tables=[took, used], goals=goals)


def _measured(options: Options, *, beside: bool) -> dict[str, float]:
    return asyncio.run(_measure(options, beside=beside))


async def _measure(options: Options, *, beside: bool) -> dict[str, float]:
    count = options.count(CALLS)
    with working_folder(options.folder) as folder, redis_server(folder) as redis:
        async with receiver(0) as fast, receiver(SLOW_S) as slow:
            rules = "version: 1\nwebhooks:\n" + "".join(
                f'  {name}: {{url: "http://127.0.0.1:{receiver.port}/"}}\n'
                for name, receiver in (("fast", fast), ("slow", slow))
            )
            settings = settings_for(folder, 1, redis.url, rules) | {"RESPONDER_ALLOW_PRIVATE_WEBHOOKS": "true"}
            await _fill(load_settings(settings), count, ["slow", "fast"] if beside else ["fast"])
            with started(folder, "worker", *python("responder", "worker"), settings=settings) as worker:
                await fast.reach(max(count // 10, 1), worker)
                before = pss_mb(worker.pid)
                await fast.reach(count, worker)
                took_s = fast.last_at - fast.first_at
                await slow.reach(count if beside else 0, worker)
                after = pss_mb(worker.pid)
                await asyncio.to_thread(worker.stop)  # it may still wait for an answer from here
        return {BESIDE: took_s, BEFORE: before, AFTER: after} if beside else {ALONE: took_s}


@asynccontextmanager
async def receiver(takes_s: float = 0) -> AsyncIterator[Receiver]:
    """A receiver of calls on a port of its own."""
    found = Receiver()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                await read_http(reader)
                found.last_at = time.perf_counter()
                found.first_at = found.first_at or found.last_at
                found.count += 1
                found.changed.set()
                await asyncio.sleep(takes_s)
                writer.write(ANSWER)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


async def _fill(settings: Settings, count: int, names: list[str]) -> None:
    """Queue the calls, the slow receiver's first: a single queue would keep the fast one waiting."""
    await migrate_database(settings)
    async with open_store(settings) as store:
        for name in names:
            for start in range(0, count, TOGETHER):
                calls = [_call(name, number) for number in range(start, min(start + TOGETHER, count))]
                async with store.database.write() as connection:
                    await connection.execute(insert(steps), step_rows(calls, datetime.now(UTC)))


def _call(name: str, number: int) -> Step:
    return Step(
        key=f"{name}{number}-1",
        message_key=f"{name}{number}",
        kind=StepKind.WEBHOOK,
        originator="+390000000000",
        to=name,
        sender="+390000000001",
        content=CONTENT,
    )
