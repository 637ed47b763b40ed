"""What a year of use costs: everything on 1,000,000 messages against the same on an empty database."""

import asyncio
import re
import resource
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.acknowledge import PATH, US
from benchmarks.console import PAGES
from benchmarks.filled import FIRST_PHONE, YEAR, begin, fill, fill_for_one, make_handler
from benchmarks.load import form, send_load
from benchmarks.machine import cpu_s, exact_cpu_s
from benchmarks.postgresql import Server, new_database
from benchmarks.report import Goal, Report, Row, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import (
    RULES,
    BenchmarkError,
    answer,
    free_port,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)
from responder.settings.model import load_settings
from responder.settings.urls import async_database_url
from responder.store.base.database import Database
from responder.store.consent.erasure import erase
from responder.store.consent.reading import verify
from responder.store.consent.retention import remove_texts
from responder.wiring import open_store

STORED = 1_000_000
MESSAGES = 4_000
WARM_UP = 500
PATIENCE_S = 120.0
OLD = timedelta(days=5)  # of the year is removed
BEHIND_THE_FIRST = {"messages": 1, "steps": 1}  # which was handled just now, so that the others can copy it
LOOKS = 3  # at each page, or by each command; the cheapest counts. CPU, with that of PostgreSQL: a time says little where others use the machine
SETTLED_MS = 500
EMPTY, FULL = "empty", "full"
NUMBER = form(FIRST_PHONE)["originator"]
HOT, MANY = "+393309990000", 10_000  # a number that sent more texts than any other
CONSOLE = ("/readyz", "/metrics", *PAGES)
COMMANDS = (
    "messages list --limit 50", f"messages list --from {NUMBER}", "messages list --status failed --limit 50",
    "messages list --rule seldom --limit 50", "messages list --since 1h --limit 50",
    "messages list --unmatched --limit 50", "subscribers list --list news --limit 50", "subscribers counts",
    f"consent show {NUMBER}", "consent recent", "deliveries list --limit 50",
    "deliveries list --status dead --limit 50", "deliveries list --status failed --limit 50",
    "deliveries list --status uncertain --limit 50", "handoffs list --limit 50", "appointments list --day today",
    "appointments board --day today", "doctor", f"explain News --from {NUMBER}",
)  # fmt: skip
LISTS = RULES.replace("rules:\n", "  offers: {title: Offers}\nrules:\n", 1)


@dataclass(kw_only=True)
class Place:
    """An installation that is measured, empty or full."""

    name: str
    folder: Path
    variables: dict[str, str]
    port: int
    server: Server | None
    sent: int = 0

    def server_s(self) -> float:
        """The CPU of PostgreSQL until now."""
        return self.server.cpu_s() if self.server else 0.0


def run(options: Options) -> Report:
    """Compare a full database with an empty one, on SQLite and, with ``--postgresql``, there."""
    reports = [_compare(options, "SQLite")]
    if options.postgresql:
        reports.append(_compare(options, "PostgreSQL"))
    return Report(
        tables=[table for report in reports for table in report.tables],
        goals=[goal for report in reports for goal in report.goals],
    )


def _compare(options: Options, kind: str) -> Report:
    with ExitStack() as stack:
        places = [_place(stack, options, kind, name) for name in (EMPTY, FULL)]
        for place in places:
            asyncio.run(begin(load_settings(place.variables)))
        began_at = time.monotonic()
        asyncio.run(fill(load_settings(places[1].variables), options.count(STORED)))
        took_s = time.monotonic() - began_at
        costs = alternate(options, {place.name: partial(_costs, options, place) for place in places})
        looks = alternate(options, {"looks": lambda: _looks(places)})
        locks = alternate(options, {"locks": lambda: asyncio.run(_locks(places[1]))})
    about = f"growth, {kind}, {options.count(STORED):,} messages (filled in {took_s:.0f} s)"
    tables = [_cost_table(about, what, costs) for what in dict.fromkeys(row.name.partition(", ")[2] for row in costs)]
    shown = Table(
        title=f"{about}: pages, and commands above the same on an empty database", unit="ms of CPU", rows=looks
    )
    held = Table(title=f"{about}: the longest transaction that writes", unit="ms", rows=locks)
    slowest = max(looks, key=lambda row: row.median)
    limits = {"acknowledge": 1.15, "handle": 1.1, "replay": 1.5}  # these numbers have a past, which is read too
    goals = [
        Goal(
            text=f"{kind}: times {EMPTY}, {what}", value=table.ratio(f"{FULL}, {what}", f"{EMPTY}, {what}"), limit=limit
        )
        for table in tables
        for what, limit in limits.items()
        if table.title.endswith(f": {what}")
    ]
    verified = next(row for row in costs if row.name == f"{FULL}, verify")
    return Report(
        tables=[*tables, shown, held],
        goals=[
            *goals,
            Goal(text=f"{kind}: us of an event, consent verify", value=verified.median, limit=15),
            Goal(
                text=f"{kind}: ms of CPU of the dearest look ({slowest.name})", value=slowest.median, limit=SETTLED_MS
            ),
            *(Goal(text=f"{kind}: ms of a lock, {row.name}", value=row.median, limit=100) for row in locks),
        ],
    )


def _cost_table(about: str, what: str, costs: list[Row]) -> Table:
    rows = [row for row in costs if row.name.partition(", ")[2] == what]
    return Table(title=f"{about}: {what}", unit="us each", rows=rows, baselines=(f"{EMPTY}, {what}",))


def _place(stack: ExitStack, options: Options, kind: str, name: str) -> Place:
    folder = stack.enter_context(working_folder(options.folder))
    redis, port = stack.enter_context(redis_server(folder)), free_port()
    variables = settings_for(folder, port, redis.url, LISTS)
    server = stack.enter_context(new_database(options.postgresql)) if kind == "PostgreSQL" else None
    if server:
        variables["RESPONDER_DATABASE_URL"] = server.url
    return Place(name=name, folder=folder, variables=variables, port=port, server=server)


@contextmanager
def _web(place: Place) -> Iterator[int]:
    """Its web process."""
    with started(place.folder, "web", *python("responder", "web"), settings=place.variables) as web:
        web.wait_until(lambda: answer(place.port, "/healthz") is not None, "the start of responder web")
        yield web.pid


def _costs(options: Options, place: Place) -> dict[str, float]:
    warm_up, count = options.count(WARM_UP), options.count(MESSAGES)
    costs = {}
    with _web(place) as pid:
        send_load(place.port, PATH, warm_up, first=FIRST_PHONE + place.sent)
        before_s, before_server_s = cpu_s(pid), place.server_s()
        send_load(place.port, PATH, count, first=FIRST_PHONE + place.sent + warm_up)
        costs["acknowledge"] = (cpu_s(pid) - before_s) / count
        costs["acknowledge, the server"] = (place.server_s() - before_server_s) / count
    place.sent += warm_up + count
    costs |= asyncio.run(_handled(place, count))
    replayed, took_s = _replayed(place)
    costs["replay"] = took_s / replayed
    if not place.server:
        del costs["acknowledge, the server"], costs["handle, the server"]
    return {f"{place.name}, {what}": cost * US for what, cost in costs.items()}


async def _handled(place: Place, count: int) -> dict[str, float]:
    """The CPU of handling what waits, and of verifying the ledger."""
    settings = load_settings(place.variables)
    async with open_store(settings) as store:
        handler = make_handler(settings, store)
        await handler.handle_batch()
        before_server_s = await asyncio.to_thread(place.server_s)
        before_s = time.process_time()
        while await handler.handle_batch():
            pass
        handled = {
            "handle": (time.process_time() - before_s) / count,
            "handle, the server": (await asyncio.to_thread(place.server_s) - before_server_s) / count,
        }
        before_s = time.process_time()
        verdict = await verify(store.database, store.secret)
        if verdict.faults:
            raise BenchmarkError(f"the ledger is not whole: {verdict.faults[0]}")
        return {**handled, "verify": (time.process_time() - before_s) / verdict.events}


def _replayed(place: Place) -> tuple[int, float]:
    """How many messages of the last day were replayed, and how long that took without the start of the command."""
    replay = f"replay --rules {place.folder / 'rules.yaml'} --since"
    (_, least_s), (said, took_s) = (_command(place, f"{replay} {since}") for since in ("2099-01-01", "1d"))
    found = re.match(r"([\d,]+) message", said)
    if not found:
        raise BenchmarkError(f"replay said {said!r}")
    return int(found[1].replace(",", "")), took_s - least_s


def _command(place: Place, line: str) -> tuple[str, float]:
    """What a command says, and its CPU in seconds with that of PostgreSQL."""
    before_s, before_server_s = _children_s(), place.server_s()
    argv = python("responder", *line.split())
    done = subprocess.run(
        argv, cwd=place.folder, env=place.variables | {"PATH": ""}, capture_output=True, text=True, check=False
    )
    if done.returncode and line != "doctor":
        raise BenchmarkError(f"{line}: {done.stderr[-1000:]}")
    return done.stdout, _children_s() - before_s + place.server_s() - before_server_s


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _looks(places: list[Place]) -> dict[str, float]:
    """How many milliseconds of CPU each page takes, and each command more than on an empty database."""
    looks = {}
    with _web(places[1]) as pid:
        _look(places[1], pid, "/")
        for path in CONSOLE:
            looks[path] = min(_look(places[1], pid, path) for _ in range(LOOKS))
    for line in COMMANDS:
        empty_s, full_s = (min(_command(place, line)[1] for _ in range(LOOKS)) for place in places)
        looks[line.replace(NUMBER, "NUMBER")] = max(full_s - empty_s, 0) * 1e3
    return looks


def _look(place: Place, pid: int, path: str) -> float:
    before_s, before_server_s = exact_cpu_s(pid), place.server_s()
    answered = answer(place.port, path, timeout_s=PATIENCE_S)
    if not answered or answered[0] not in {200, 503 if path == "/readyz" else 200}:
        raise BenchmarkError(f"{path} answered {answered}")
    return (exact_cpu_s(pid) - before_s + place.server_s() - before_server_s) * 1e3


class TimedDatabase(Database):
    """Notes for how long others could not write, or not what is being changed, at the most."""

    longest_s = 0.0

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        async with super().write(is_small=is_small) as connection:
            began_at = time.perf_counter()
            yield connection
        self.longest_s = max(self.longest_s, time.perf_counter() - began_at)

    async def checkpoint(self) -> None:
        began_at = time.perf_counter()
        await super().checkpoint()
        self.longest_s = max(self.longest_s, time.perf_counter() - began_at)


async def _locks(place: Place) -> dict[str, float]:
    """How many milliseconds an erasure and the removal of old texts keep others from writing at the most."""
    settings, now = load_settings(place.variables), datetime.now(UTC)
    await fill_for_one(settings, HOT, MANY)
    url, arguments = async_database_url(settings.database_url)
    longest = {}
    async with open_store(settings) as store:
        for name, number in (("consent erase", NUMBER), (f"the same, {MANY:,} texts", HOT), ("retention", "")):
            database = TimedDatabase(url, arguments)
            if name == "retention":
                await remove_texts(database, now - YEAR + OLD, BEHIND_THE_FIRST)
            else:
                await erase(database, store.secret, number, "a benchmark", now)
            longest[name] = database.longest_s * 1e3
            await database.close()
    return longest
