"""Messages that one worker handles in a second, with a hundred rules and a reply each."""

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from redis import Redis

from benchmarks import peers
from benchmarks.baselines import QUEUE, redis_at
from benchmarks.load import form
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import BenchmarkError, Running, python, redis_server, settings_for, started, working_folder
from responder.core.outbound.gateway import Posted
from responder.core.sms.message import Inbound
from responder.settings.model import Settings, load_settings
from responder.wiring import make_gateway, migrate_database, open_store

MESSAGES = 20_000
JOBS = 2_000  # arq handles some hundreds in a second
PEER_JOBS = 400  # rq starts a process for each
RULES = 100
LISTS = 10
TOGETHER = 500
POLL_S = 0.01
LIMIT_S = 600.0
TUNED = "arq, tuned"
DEFAULTS = "arq, defaults"
OURS = "responder worker"
# by an index: to read a whole table a hundred times a second would take time from the worker
WAITING = "SELECT count(*) FROM messages INDEXED BY ix_messages_waiting WHERE status = 'received' AND seq > 0"
UNDONE = "SELECT count(*) FROM steps INDEXED BY ix_steps_undone WHERE status IN ('queued', 'sending') AND seq > 0"
DONE = "SELECT count(*) FROM steps WHERE status = 'simulated'"


def run(options: Options) -> Report:
    """Compare a worker with arq's own on empty jobs, as arq comes and tuned as ours is."""
    messages, jobs = options.count(MESSAGES), options.count(JOBS)
    table = Table(
        title=(
            f"handle: one worker process, {messages:,} messages with {RULES} rules, a subscription and "
            f"a reply each; {jobs:,} empty jobs{_not_installed()}"
        ),
        unit="per second",
        rows=alternate(
            options,
            {
                DEFAULTS: lambda: {DEFAULTS: _arq_rate(options, "default")},
                TUNED: lambda: {TUNED: _arq_rate(options, "tuned")},
                **{name: partial(_peer_rate, options, name) for name in peers.NAMES if peers.is_installed(name)},
                OURS: lambda: {OURS: _our_rate(options)},
            },
        ),
        baselines=(DEFAULTS, TUNED),
    )
    return Report(
        tables=[table],
        goals=[
            Goal(text=f"times {DEFAULTS}", value=table.ratio(OURS, DEFAULTS), limit=26, at_least=True),
            Goal(text=f"times {TUNED}", value=table.ratio(OURS, TUNED), limit=3.5, at_least=True),
        ],
    )


def _not_installed() -> str:
    missing = [name for name in peers.NAMES if not peers.is_installed(name)]
    return f"\n({' and '.join(missing)} not installed: pip install -e '.[bench]')" if missing else ""


def rules_file() -> str:
    """A hundred rules, each with a word of its own."""
    lists = "".join(f"  list{number}: {{title: List {number}}}\n" for number in range(LISTS))
    rules = "".join(
        f"  - name: join-{number}\n    when: {{text: Join word{number}}}\n    then:\n"
        f'      - subscribe: list{number % LISTS}\n      - reply: "Welcome to {{{{ list.title }}}}. STOP to leave."\n'
        for number in range(RULES)
    )
    return f"version: 1\nlists:\n{lists}rules:\n{rules}"


def _our_rate(options: Options) -> float:
    with working_folder(options.folder) as folder, redis_server(folder) as redis:
        variables = settings_for(folder, 1, redis.url, rules_file())
        asyncio.run(fill(load_settings(variables), options.count(MESSAGES)))
        with (
            _counting(folder / "data" / "responder.db") as count,
            started(folder, "worker", *python("responder", "worker"), settings=variables) as worker,
        ):
            rate = _rate(worker, lambda: count(WAITING), lambda: count(WAITING) + count(UNDONE))
            if (replies := count(DONE)) != options.count(MESSAGES):
                raise BenchmarkError(f"{options.count(MESSAGES)} messages, {replies} replies")
        return rate


async def fill(settings: Settings, count: int) -> None:
    """Let as many messages wait in a new database."""
    await migrate_database(settings)
    async with open_store(settings) as store:
        messages = list(_messages(settings, store.secret, count))
        for start in range(0, count, TOGETHER):
            await store.inbox.add(messages[start : start + TOGETHER], {})


def _messages(settings: Settings, secret: bytes, count: int) -> Iterator[Inbound]:
    gateway = make_gateway(settings, secret)
    for number in range(count):
        fields = form(number) | {"text": f"Join word{number % RULES}"}
        yield from gateway.read_inbound(Posted(body=b"", form=fields, received_at=datetime.now(UTC))).inbound


@contextmanager
def _counting(path: Path) -> Iterator[Callable[[str], int]]:
    """Counts rows by a query, in a connection that only reads."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        yield lambda query: int(connection.execute(query).fetchone()[0])


def _arq_rate(options: Options, settings: str) -> float:
    """arq's rate if each message is a job. Redis writes each to disk, since it is all that there is of the message."""
    with working_folder(options.folder) as folder, redis_server(folder, is_all_there_is=True) as redis:
        asyncio.run(_enqueue(redis.url, settings, options.count(JOBS)))
        client = Redis.from_url(redis.url)
        with (
            closing(client),
            started(folder, "arq", *python("benchmarks.baselines", "arq", redis.url, settings)) as worker,
        ):
            return _rate(worker, lambda: int(str(client.zcard(QUEUE))), lambda: int(str(client.zcard(QUEUE))))


def _peer_rate(options: Options, name: str) -> dict[str, float]:
    """The rate of a worker of Celery, which has a process for each core, or rq, on the same Redis."""
    with working_folder(options.folder) as folder, redis_server(folder, is_all_there_is=True) as redis:
        peer = python("benchmarks.peers", name)
        subprocess.run([*peer, "fill", redis.url, str(options.count(PEER_JOBS))], check=True)
        client = Redis.from_url(redis.url)
        with closing(client), started(folder, name, *peer, "work", redis.url) as worker:
            rate = _rate(worker, lambda: peers.waiting(name, client), lambda: peers.undone(name, client))
        return {name: rate}


async def _enqueue(redis_url: str, settings: str, count: int) -> None:
    redis = redis_at(redis_url, settings)
    for _ in range(count):
        await redis.enqueue_job("empty")
    await redis.aclose(close_connection_pool=True)


def _rate(worker: Running, waiting: Callable[[], int], undone: Callable[[], int]) -> float:
    """How many in a second, from when the first are seen done until nothing is left."""
    total = waiting()
    seen = total
    while seen == total:
        seen = _polled(worker, waiting)
    first_at, ends_at = time.perf_counter(), time.perf_counter() + LIMIT_S
    while _polled(worker, undone):
        if time.perf_counter() > ends_at:
            raise BenchmarkError(f"{worker.log}: not done within {LIMIT_S:.0f} s")
    return max(seen, 1) / (time.perf_counter() - first_at)


def _polled(worker: Running, count: Callable[[], int]) -> int:
    if worker.process.poll() is not None:
        raise BenchmarkError(f"the worker ended\n{worker.log.read_text()[-2000:]}")
    time.sleep(POLL_S)
    return count()
