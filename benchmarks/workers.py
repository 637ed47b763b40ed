"""CPU of all workers and of PostgreSQL for one message, with one worker and with three."""

import time
from collections import Counter
from contextlib import ExitStack

from benchmarks.acknowledge import PATH, US
from benchmarks.load import send_load
from benchmarks.machine import cpu_s
from benchmarks.postgresql import Server, new_database
from benchmarks.report import Goal, Report, Row, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    BenchmarkError,
    Running,
    answer,
    free_port,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)

MESSAGES = 10_000
WARM_UP = 500
MANY = 3
LIMIT_S = 300.0
DONE = (
    "SELECT (SELECT count(*) FROM messages WHERE status = 'handled') = {0} AND "
    "(SELECT count(*) FROM steps WHERE status = 'simulated') = {0}"
)
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
TWICE = "SELECT count(*) - count(DISTINCT message_key) FROM steps"
BATCHES = "SELECT count(DISTINCT handled_at) FROM messages"
IDLE_S = 5.0
COSTS, TOGETHER_IN = ("workers", "PostgreSQL"), "batches"
IDLE = "idle"
ALONE, TOGETHER = "1 worker", f"{MANY} workers"


def run(options: Options) -> Report:
    """Compare what several workers cost together with what one costs for the same messages."""
    measured = {
        row.name: row
        for row in alternate(options, {ALONE: lambda: _cost(options, 1), TOGETHER: lambda: _cost(options, MANY)})
    }
    tables = [
        Table(
            title=f"workers: CPU of {what}, {options.count(MESSAGES):,} messages through the web",
            unit="us per message",
            rows=[Row(name=name, runs=measured[f"{name} {what}"].runs) for name in (ALONE, TOGETHER)],
            baselines=(ALONE,),
        )
        for what in COSTS
    ]
    batches = Table(
        title="workers: messages that share a commit",
        unit="messages",
        rows=[Row(name=name, runs=measured[f"{name} {TOGETHER_IN}"].runs) for name in (ALONE, TOGETHER)],
        baselines=(ALONE,),
    )
    idle = Table(
        title="workers: CPU of workers that have nothing to do, in the time that the messages took",
        unit="us per message",
        rows=[Row(name=name, runs=measured[f"{name} {IDLE}"].runs) for name in (ALONE, TOGETHER)],
        baselines=(ALONE,),
    )
    goals = [
        Goal(text=f"times {ALONE}, {table.title.split(',')[0]}", value=table.ratio(TOGETHER, ALONE), limit=1.3)
        for table in tables
    ]
    return Report(tables=[*tables, batches, idle], goals=goals)


def _cost(options: Options, workers: int) -> dict[str, float]:
    first, count, name = options.count(WARM_UP), options.count(MESSAGES), ALONE if workers == 1 else TOGETHER
    with ExitStack() as stack:
        folder = stack.enter_context(working_folder(options.folder))
        redis = stack.enter_context(redis_server(folder))
        database = stack.enter_context(new_database(options.postgresql))
        port = free_port()
        settings = settings_for(folder, port, redis.url) | {"RESPONDER_DATABASE_URL": database.url}
        with started(folder, "migrate", *python("responder", "migrate"), settings=settings) as migrating:
            migrating.process.wait()
        web = stack.enter_context(started(folder, "web", *python("responder", "web"), settings=settings))
        web.wait_until(lambda: answer(port, "/healthz") is not None, "the start of responder web")
        running = [
            stack.enter_context(started(folder, f"worker{number}", *python("responder", "worker"), settings=settings))
            for number in range(workers)
        ]
        send_load(port, PATH, first)
        _wait_until_done(running, database, first)
        before = Counter({"workers": sum(cpu_s(one.pid) for one in running), "PostgreSQL": database.cpu_s()})
        began_at = time.monotonic()
        send_load(port, PATH, count, first=first)
        _wait_until_done(running, database, first + count)
        took_s = time.monotonic() - began_at
        spent = {"workers": sum(cpu_s(one.pid) for one in running), "PostgreSQL": database.cpu_s()}
        if faults := database.count(DEADLOCKS) + database.count(TWICE):
            raise BenchmarkError(f"{faults} deadlocks or messages with two replies")
        batches = database.count(BATCHES)
        time.sleep(IDLE_S)
        idle = (sum(cpu_s(one.pid) for one in running) - spent["workers"]) / IDLE_S * took_s
    costs = {f"{name} {what}": (spent[what] - before[what]) / count * US for what in COSTS}
    return costs | {f"{name} {TOGETHER_IN}": (first + count) / batches, f"{name} {IDLE}": idle / count * US}


def _wait_until_done(workers: list[Running], database: Server, count: int) -> None:
    workers[0].wait_until(
        lambda: bool(database.rows(DONE.format(count))[0][0]), "the handling of all messages", LIMIT_S
    )
