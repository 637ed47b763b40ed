"""CPU of the web process for one acknowledged message, 64 connections, SQLite on disk."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.load import CONNECTIONS, send_load
from benchmarks.machine import cpu_s
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Measurement, Options, alternate
from benchmarks.running import Running, answer, free_port, python, redis_server, settings_for, started, working_folder

MESSAGES = 20_000
WARM_UP = 2_000
PATH = "/webhook/sms"
BARE = "bare uvicorn"
QUEUEING = "Starlette + enqueue_job"
OURS = "responder web"
US = 1e6
Start = Callable[[Path, int, str], AbstractContextManager[Running]]
"""Starts a web process in a folder, on a port, with a Redis."""


def run(options: Options) -> Report:
    """Compare the web process with a bare application, and with one that enqueues each message."""
    starts = {BARE: _bare, QUEUEING: _queueing, OURS: started_web}
    table = Table(
        title=(
            f"acknowledge: CPU of the web process, {options.count(MESSAGES):,} messages a run over "
            f"{CONNECTIONS} connections, no worker runs"
        ),
        unit="us per message",
        rows=alternate(options, {name: _measurement(name, start, options) for name, start in starts.items()}),
        baselines=(BARE, QUEUEING),
    )
    return Report(
        tables=[table],
        goals=[
            Goal(text=f"times {BARE}", value=table.ratio(OURS, BARE), limit=2.6),
            Goal(text=f"times {QUEUEING}", value=table.ratio(OURS, QUEUEING), limit=0.4),
        ],
    )


def _measurement(name: str, start: Start, options: Options) -> Measurement:
    def measure() -> dict[str, float]:
        with working_folder(options.folder) as folder, redis_server(folder) as redis:
            port = free_port()
            with start(folder, port, redis.url) as web:
                send_load(port, PATH, options.count(WARM_UP))
                before_s = cpu_s(web.pid)
                sent = send_load(port, PATH, options.count(MESSAGES), first=options.count(WARM_UP))
                return {name: (cpu_s(web.pid) - before_s) / sent.count * US}

    return measure


@contextmanager
def _bare(folder: Path, port: int, _redis_url: str) -> Iterator[Running]:
    with started(folder, "bare", *python("benchmarks.baselines", "bare", str(port))) as web:
        web.wait_until(lambda: answer(port, PATH) is not None, "the start of the bare application")
        yield web


@contextmanager
def _queueing(folder: Path, port: int, redis_url: str) -> Iterator[Running]:
    with started(folder, "queueing", *python("benchmarks.baselines", "one-job-each", str(port), redis_url)) as web:
        web.wait_until(lambda: answer(port, PATH) is not None, "the start of the application that enqueues")
        yield web


@contextmanager
def started_web(folder: Path, port: int, redis_url: str) -> Iterator[Running]:
    """The web process on a new database."""
    settings = settings_for(folder, port, redis_url)
    with started(folder, "migrate", *python("responder", "migrate"), settings=settings) as migrating:
        migrating.process.wait()
    with started(folder, "web", *python("responder", "web"), settings=settings) as web:
        web.wait_until(lambda: answer(port, "/healthz") is not None, "the start of responder web")
        yield web
