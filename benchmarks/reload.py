"""Reloading ten thousand rules: the time it takes, and what messages feel meanwhile."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Coroutine, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.check import rules_file
from benchmarks.gateway import read_http
from benchmarks.handle import WAITING
from benchmarks.load import form, request
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    BenchmarkError,
    Running,
    answer,
    free_port,
    is_ready,
    python,
    settings_for,
    started,
    working_folder,
)
from responder.rulefile import load_rules

RULES = 10_000
PACE_S = 0.02  # between two messages
LOOK_EVERY_S = 0.1
QUIET_S = 5.0  # of the same load without a reload, to compare with
LIMIT_S = 240.0
LOADING = "load"
RELOADING = "reload under load"
ACKNOWLEDGED = "longest wait for +OK"
HANDLED = "longest wait until handled"
TIMES = "SELECT received_at, handled_at FROM messages"
T = TypeVar("T")


def run(options: Options) -> Report:
    """Load many rules, replace them under load, and look for the message that waited longest."""
    count = options.count(RULES)
    rows = alternate(
        options, {LOADING: lambda: _load(options, count), RELOADING: lambda: asyncio.run(_reload(options, count))}
    )
    table = Table(
        title=f"reload: {count:,} rules, a message every {PACE_S * 1000:.0f} ms, SQLite on disk",
        unit="seconds",
        rows=rows,
    )
    goals = [Goal(text=f"s {name}", value=max(table.row(name).runs), limit=1) for name in (ACKNOWLEDGED, HANDLED)]
    return Report(tables=[table], goals=goals)


def _load(options: Options, count: int) -> dict[str, float]:
    with working_folder(options.folder) as folder:
        path = folder / "rules.yaml"
        path.write_text(rules_file(count))
        began_at = time.perf_counter()
        _ = load_rules(path, {}).index
        return {LOADING: time.perf_counter() - began_at}


async def _reload(options: Options, count: int) -> Mapping[str, float]:
    with working_folder(options.folder) as folder:
        port = free_port()
        settings = settings_for(folder, port, rules=rules_file(count))
        with started(folder, "run", *python("responder", "run"), settings=settings) as service:
            await asyncio.to_thread(service.wait_until, lambda: is_ready(port), "the start of responder run", LIMIT_S)
            quiet = Sender(port, first=0)
            await quiet.run_while(asyncio.sleep(QUIET_S * options.scale))
            loud = Sender(port, first=len(quiet.waits_s))
            began_at = datetime.now(UTC)
            took_s = await loud.run_while(
                asyncio.to_thread(_replace, folder, port, rules_file(count, "Weekly news"), service)
            )
            waits = await asyncio.to_thread(_waits, folder, service)
    return {
        RELOADING: took_s,
        f"{ACKNOWLEDGED}, without": max(quiet.waits_s),
        ACKNOWLEDGED: max(loud.waits_s),
        f"{HANDLED}, without": max(wait_s for at, wait_s in waits if at < began_at),
        HANDLED: max(wait_s for at, wait_s in waits if at >= began_at),
    }


class Sender:
    """Hands in messages at a steady pace, and keeps how long each waited."""

    def __init__(self, port: int, first: int) -> None:
        self._port = port
        self._first = first
        self.waits_s: list[float] = []

    async def run_while(self, work: Coroutine[Any, Any, T]) -> T:
        """Send until something else is done, and return what that gave when all is acknowledged."""
        other = asyncio.ensure_future(work)
        sent: list[asyncio.Task[None]] = []
        while not other.done():
            sent.append(asyncio.create_task(self._send(self._first + len(sent))))
            await asyncio.sleep(PACE_S)
        await asyncio.gather(*sent)
        return await other

    async def _send(self, number: int) -> None:
        began_at = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request("/webhook/sms", form(number)))
        await read_http(reader)
        self.waits_s.append(time.perf_counter() - began_at)
        writer.close()


def _replace(folder: Path, port: int, text: str, service: Running) -> float:
    """Replace the rules, and return the seconds until web and worker go by them."""
    before = _rules(port)["hash"]
    (folder / "new").write_text(text)
    began_at = time.perf_counter()
    (folder / "new").replace(folder / "rules.yaml")
    service.wait_until(lambda: _has_left(port, before), "the reload", LIMIT_S)
    return time.perf_counter() - began_at


def _has_left(port: int, before: str) -> bool:
    """Whether web and worker both use the new rules. Asked seldom, since the answer costs a commit."""
    time.sleep(LOOK_EVERY_S)
    return before not in (_rules(port)["hash"], *_rules(port)["workers"])


def _rules(port: int) -> dict[str, Any]:
    answered = answer(port, "/readyz")
    if answered is None or answered[0] != 200:
        raise BenchmarkError(f"the service is not ready: {answered}")
    found: dict[str, Any] = json.loads(answered[1])["rules"]
    return found


def _waits(folder: Path, service: Running) -> list[tuple[datetime, float]]:
    """When each message arrived, and the seconds from then until it was handled."""
    with closing(
        sqlite3.connect(f"file:{folder / 'data' / 'responder.db'}?mode=ro", uri=True, timeout=10)
    ) as connection:
        service.wait_until(lambda: connection.execute(WAITING).fetchone() == (0,), "the end of the work", LIMIT_S)
        rows = connection.execute(TIMES).fetchall()
    times = (
        (datetime.fromisoformat(received).replace(tzinfo=UTC), datetime.fromisoformat(handled).replace(tzinfo=UTC))
        for received, handled in rows
    )
    return [(received, (handled - received).total_seconds()) for received, handled in times]
