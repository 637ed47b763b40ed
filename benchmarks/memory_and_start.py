"""Time until ``responder run`` is ready, and its memory when fresh and after thousands of messages."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis

from benchmarks.acknowledge import PATH
from benchmarks.baselines import HEALTH
from benchmarks.load import send_load
from benchmarks.machine import pss_mb
from benchmarks.report import Goal, Report, Row, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    Running,
    answer,
    free_port,
    is_ready,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)
from responder.settings.model import load_settings
from responder.wiring import migrate_database

MESSAGES = 5_000
BARE = "bare uvicorn, arq and redis"
OURS = "responder run"
WORKER = "responder worker"
START, MEMORY, LATER = "start", "memory", "memory after messages"


def run(options: Options) -> Report:
    """Compare the service with the three programs that it is made of, with nothing of ours in them."""
    measured = {BARE: lambda: _bare(options), OURS: lambda: _ours(options), WORKER: lambda: _worker(options)}
    rows = {row.name: row for row in alternate(options, measured)}
    messages = f"{options.count(MESSAGES):,} messages"
    start = Table(
        title="start: from the command to ready, worker included",
        unit="seconds",
        rows=_rows(rows, START),
        baselines=(BARE,),
    )
    memory = Table(title="memory: PSS of all processes, fresh", unit="MB", rows=_rows(rows, MEMORY), baselines=(BARE,))
    later = Table(
        title=f"memory: PSS of all processes, after {messages}", unit="MB", rows=_rows(rows, LATER), baselines=(BARE,)
    )
    worker = Table(title="memory: PSS of a worker that was started alone, fresh", unit="MB", rows=[rows[WORKER]])
    goals = [
        Goal(text="seconds until ready", value=start.row(OURS).median, limit=1),
        Goal(text="MB fresh", value=memory.row(OURS).median, limit=200),
        Goal(text=f"MB after {messages}", value=later.row(OURS).median, limit=300),
    ]
    goals.append(Goal(text="MB of a worker", value=worker.row(WORKER).median, limit=75))
    return Report(tables=[start, memory, later, worker], goals=goals)


def _rows(rows: dict[str, Row], figure: str) -> list[Row]:
    return [Row(name=name, runs=rows[f"{name} {figure}"].runs) for name in (BARE, OURS)]


def _ours(options: Options) -> dict[str, float]:
    with working_folder(options.folder) as folder:
        port = free_port()
        began_at = time.perf_counter()
        with started(folder, "run", *python("responder", "run"), settings=settings_for(folder, port)) as service:
            service.wait_until(lambda: is_ready(port), "the start of responder run")
            ready_s, fresh_mb = time.perf_counter() - began_at, pss_mb(service.pid)
            send_load(port, PATH, options.count(MESSAGES))
            service.wait_until(lambda: _is_idle(port), "the handling of all messages")
            return {f"{OURS} {START}": ready_s, f"{OURS} {MEMORY}": fresh_mb, f"{OURS} {LATER}": pss_mb(service.pid)}


def _worker(options: Options) -> dict[str, float]:
    with working_folder(options.folder) as folder, redis_server(folder) as redis:
        settings = settings_for(folder, free_port(), redis.url)
        asyncio.run(migrate_database(load_settings(settings)))
        with started(folder, "worker", *python("responder", "worker"), settings=settings) as worker:
            worker.wait_until(lambda: "worker ready" in worker.log.read_text(), "the start of the worker")
            return {WORKER: pss_mb(worker.pid)}


def _is_idle(port: int) -> bool:
    """Whether no message waits to be handled."""
    answered = answer(port, "/readyz")
    return answered is not None and b'"oldest_waiting":null' in answered[1]


def _bare(options: Options) -> dict[str, float]:
    with working_folder(options.folder) as folder:
        port = free_port()
        began_at = time.perf_counter()
        with _programs(folder, port) as programs:
            ready_s, fresh_mb = time.perf_counter() - began_at, _pss_mb(programs)
            send_load(port, PATH, options.count(MESSAGES))
            return {f"{BARE} {START}": ready_s, f"{BARE} {MEMORY}": fresh_mb, f"{BARE} {LATER}": _pss_mb(programs)}


def _pss_mb(programs: list[Running]) -> float:
    return sum(pss_mb(program.pid) for program in programs)


@contextmanager
def _programs(folder: Path, port: int) -> Iterator[list[Running]]:
    """The bare programs, started together, once all of them are ready."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder))
        web = stack.enter_context(started(folder, "bare", *python("benchmarks.baselines", "bare", str(port))))
        worker = stack.enter_context(started(folder, "arq", *python("benchmarks.baselines", "arq", redis.url, "tuned")))
        client = stack.enter_context(Redis.from_url(redis.url))
        web.wait_until(lambda: answer(port, PATH) is not None, "the start of the bare application")
        worker.wait_until(lambda: bool(client.exists(HEALTH)), "the start of the bare worker")
        yield [redis.running, web, worker]
