"""CPU of the web process and of the worker for one message, when messages come one by one."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.acknowledge import PATH
from benchmarks.gateway import read_http
from benchmarks.load import form, request
from benchmarks.machine import cpu_s
from benchmarks.postgresql import new_database
from benchmarks.report import Goal, Report, Row, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    BenchmarkError,
    answer,
    free_port,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)

MESSAGES = 1_000
WARM_UP = 50
EVERY_S = 0.02
LIMIT_S = 30.0
MS = 1e3
WEB, WORKER, SERVER, TOGETHER = "web", "worker", "PostgreSQL", "web and worker"
SQLITE, POSTGRESQL, BASELINE = "SQLite", "PostgreSQL", "Starlette and arq, an empty job each"
DONE = (
    "SELECT (SELECT count(*) FROM messages WHERE status = 'handled'), "
    "(SELECT count(*) FROM steps WHERE status = 'simulated')"
)
BATCHES = "SELECT count(*), count(DISTINCT handled_at) FROM messages"
BATCH = "texts in a commit"
Figures = dict[str, float]
Ask = Callable[[str], tuple[int, int]]


def run(options: Options) -> Report:
    """Compare what a text costs that comes alone, 50 in a second, with a request that enqueues an empty job."""
    measured = {BASELINE: lambda: _of(BASELINE, _baseline(options)), SQLITE: lambda: _of(SQLITE, _on_sqlite(options))}
    if options.postgresql:
        measured[POSTGRESQL] = lambda: _of(POSTGRESQL, _on_postgresql(options))
    found = {row.name: row for row in alternate(options, measured)}
    tables = [
        Table(
            title=f"one by one: {options.count(MESSAGES):,} texts, {1 / EVERY_S:.0f} a second, CPU of {what}",
            unit="ms per text",
            rows=[Row(name=name, runs=row.runs) for name in measured if (row := found.get(f"{name} {what}"))],
            baselines=(BASELINE,) if what != SERVER else (),
        )
        for what in (WEB, WORKER, TOGETHER, SERVER)
        if what != SERVER or options.postgresql
    ]
    together = next(table for table in tables if table.title.endswith(TOGETHER))
    batches = Table(
        title="one by one: how many share a commit; on a busy machine some do, which makes each cheaper",
        unit="texts",
        rows=[Row(name=name, runs=row.runs) for name in measured if (row := found.get(f"{name} {BATCH}"))],
    )
    return Report(
        tables=[*tables, batches],
        goals=[Goal(text=f"ms per text, {WEB} and {WORKER}, {SQLITE}", value=together.row(SQLITE).median, limit=4)],
    )


def _of(name: str, figures: Figures) -> Figures:
    return {f"{name} {what}": value for what, value in (figures | {TOGETHER: figures[WEB] + figures[WORKER]}).items()}


def _baseline(options: Options) -> Figures:
    with ExitStack() as stack:
        folder = stack.enter_context(working_folder(options.folder))
        redis = stack.enter_context(redis_server(folder))
        port = free_port()
        web = stack.enter_context(
            started(folder, WEB, *python("benchmarks.baselines", "one-job-each", str(port), redis.url))
        )
        worker = stack.enter_context(
            started(folder, WORKER, *python("benchmarks.baselines", "arq", redis.url, "tuned"))
        )
        web.wait_until(lambda: answer(port, "/") is not None, "the start of the baseline")
        return _costs(options, port, {WEB: lambda: cpu_s(web.pid), WORKER: lambda: cpu_s(worker.pid)}, lambda _: True)


def _on_sqlite(options: Options) -> Figures:
    with working_folder(options.folder) as folder:
        file = folder / "data" / "responder.db"
        return _ours(options, folder, {}, {}, lambda query: _row(file, query))


def _on_postgresql(options: Options) -> Figures:
    with working_folder(options.folder) as folder, new_database(options.postgresql) as database:
        url = {"RESPONDER_DATABASE_URL": database.url}
        return _ours(options, folder, url, {SERVER: database.cpu_s}, lambda query: tuple(database.rows(query)[0]))


def _row(file: Path, query: str) -> tuple[int, int]:
    with closing(sqlite3.connect(file, timeout=5)) as connection:
        first, second = connection.execute(query).fetchone()
        return first, second


def _ours(
    options: Options,
    folder: Path,
    also: Mapping[str, str],
    clocks: Mapping[str, Callable[[], float]],
    ask: Ask,
) -> Figures:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder))
        port = free_port()
        settings = settings_for(folder, port, redis.url) | dict(also)
        with started(folder, "migrate", *python("responder", "migrate"), settings=settings) as migrating:
            migrating.process.wait()
        web = stack.enter_context(started(folder, WEB, *python("responder", WEB), settings=settings))
        worker = stack.enter_context(started(folder, WORKER, *python("responder", WORKER), settings=settings))
        web.wait_until(lambda: b'"worker":"ready"' in (answer(port, "/readyz") or (0, b""))[1], "the start of both")
        own = {WEB: lambda: cpu_s(web.pid), WORKER: lambda: cpu_s(worker.pid)}
        costs = _costs(options, port, {**own, **clocks}, lambda count: ask(DONE) == (count, count))
        texts, commits = ask(BATCHES)
        return costs | {BATCH: texts / commits}


def _costs(
    options: Options, port: int, clocks: Mapping[str, Callable[[], float]], is_done: Callable[[int], bool]
) -> Figures:
    """The CPU for a text by each clock, idle time between texts included, until all is done."""
    first, count = options.count(WARM_UP), options.count(MESSAGES)
    asyncio.run(_send(port, 0, first))
    _wait(lambda: is_done(first))
    before = {name: clock() for name, clock in clocks.items()}
    asyncio.run(_send(port, first, count))
    _wait(lambda: is_done(first + count))
    return {name: (clock() - before[name]) / count * MS for name, clock in clocks.items()}


def _wait(is_done: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + LIMIT_S
    while not is_done():
        if time.monotonic() > ends_at:
            raise BenchmarkError(f"not all texts were handled within {LIMIT_S:.0f} s")
        time.sleep(EVERY_S)


async def _send(port: int, first: int, count: int) -> None:
    """Send texts at their times over one connection; one that is late is followed at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    begin_at = loop.time()
    for number in range(count):
        await asyncio.sleep(begin_at + number * EVERY_S - loop.time())
        writer.write(request(PATH, form(first + number)))
        if await read_http(reader) != b"+OK":
            raise BenchmarkError("a text was not acknowledged")
    writer.close()
    await writer.wait_closed()
