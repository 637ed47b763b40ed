"""Replies that leave in a second with 20,000 of them queued, what one costs then and at the end, and reminders."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.gateway import SendApi, send_api
from benchmarks.handle import fill, rules_file
from benchmarks.load import OURS as OUR_NUMBER
from benchmarks.machine import exact_cpu_s
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Measurement, Options, alternate
from benchmarks.running import (
    BenchmarkError,
    Running,
    free_port,
    is_ready,
    own_database,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)
from responder.core.outbound.gateway import Job
from responder.settings.model import Settings, load_settings
from responder.store.inbox.commit import Commits
from responder.wiring import open_rules, open_store, utc_now
from responder.worker.handling import Handler

QUEUED = 20_000
PART = 10  # the first tenth is compared with the last
TOGETHER = 50
LIMIT_S = 300.0
BARE = f"httpx alone, {TOGETHER} at once"
OURS = "responder worker"
OURS_POSTGRESQL = "responder worker, PostgreSQL"
REMINDERS = "reminders, responder run"
DUE = 5_000
FIRST, LAST = "the first tenth", "the last tenth"
REMINDING = """
version: 1
appointments:
  reminders: [{before: 24h, text: "Reply YES to confirm.", valid_for: 12h}]
rules:
  - name: hours
    when: {text: Hours}
    then: [{reply: "We are open from 9 to 18."}]
"""


class Silent:
    """A bell that wakes nobody."""

    def ring(self, job: Job) -> None:
        """Do nothing."""


def run(options: Options) -> Report:
    """Compare a worker with an HTTP client that sends as many texts and remembers nothing."""
    measurements: dict[str, Measurement] = {
        BARE: lambda: asyncio.run(_bare(options)),
        OURS: lambda: asyncio.run(_leaving(options)),
        REMINDERS: lambda: asyncio.run(_reminding(options)),
    }
    if server := options.postgresql:
        measurements[OURS_POSTGRESQL] = lambda: asyncio.run(_leaving_postgresql(options, server))
    rows = {row.name: row for row in alternate(options, measurements)}
    ours = [name for name in (OURS, OURS_POSTGRESQL) if name in rows]
    rates = Table(
        title=f"outbound: {options.count(QUEUED):,} replies, and {options.count(DUE):,} reminders, to a local send API "
        "at RESPONDER_SEND_RATE=1000/s, SQLite where nothing else is said",
        unit="per second",
        rows=[rows[name] for name in (BARE, *ours, REMINDERS)],
        baselines=(BARE,),
    )
    each = Table(
        title="CPU of the worker for each reply, while most of the others wait and when most have left",
        unit="us",
        rows=[rows[f"{name}, {part}"] for name in ours for part in (FIRST, LAST)],
        baselines=(f"{OURS}, {LAST}",),
    )
    goals = [Goal(text=f"a second: {name}", value=rates.row(name).median, limit=800, at_least=True) for name in ours]
    goals.append(Goal(text="reminders a second", value=rates.row(REMINDERS).median, limit=800, at_least=True))
    for name in ours:
        ratio = each.ratio(f"{name}, {FIRST}", f"{name}, {LAST}")
        goals.append(Goal(text=f"times the cost of the last: {name}", value=ratio, limit=1.2))
    return Report(tables=[rates, each], goals=goals)


async def _bare(options: Options) -> dict[str, float]:
    count = options.count(QUEUED)
    with working_folder(options.folder) as folder:
        async with send_api() as api:
            posts = python("benchmarks.baselines", "posts", str(api.port), str(count), str(TOGETHER))
            with started(folder, "posts", *posts) as client:
                return {BARE: (await _until(api, client, count))[BARE]}


async def _leaving_postgresql(options: Options, server: str) -> dict[str, float]:
    async with own_database(server) as database:
        return await _leaving(options, database, OURS_POSTGRESQL)


async def _leaving(options: Options, database: Mapping[str, str] | None = None, name: str = OURS) -> dict[str, float]:
    count = options.count(QUEUED)
    with working_folder(options.folder) as folder, redis_server(folder) as redis:
        async with send_api() as api:
            variables = settings_for(folder, 1, redis.url, rules_file()) | _sending(api) | dict(database or {})
            await _queue(load_settings(variables), count)
            async with _worker(folder, variables) as worker:
                found = await _until(api, worker, count)
                return {name: found.pop(BARE)} | {f"{name}, {part}": value for part, value in found.items()}


def _sending(api: SendApi) -> dict[str, str]:
    return {
        "RESPONDER_SEND_RATE": "1000/s",
        "RESPONDER_AGILE_API_KEY": "benchmark",
        "RESPONDER_AGILE_URL": f"http://127.0.0.1:{api.port}/send",
        "RESPONDER_SENDER": OUR_NUMBER,
    }


async def _reminding(options: Options) -> dict[str, float]:
    """How many reminders leave in a second, of many that are due at once."""
    count = options.count(DUE)
    with working_folder(options.folder) as folder:
        async with send_api() as api:
            variables = settings_for(folder, port := free_port(), rules=REMINDING) | _sending(api)
            with started(folder, "run", *python("responder", "run"), settings=variables) as service:
                await asyncio.to_thread(service.wait_until, lambda: is_ready(port), "the start of responder run")
                file = _appointments(folder, count)
                importing = python("responder", "appointments", "import", str(file))
                with started(folder, "import", *importing, settings=variables):
                    await _arrived(api, service, count)
                await asyncio.to_thread(service.stop)
            moments = sorted(arrival.result() for arrival in api.arrivals.values())[count // PART : -count // PART]
            return {REMINDERS: (len(moments) - 1) / (moments[-1] - moments[0])}


def _appointments(folder: Path, count: int) -> Path:
    """A file of appointments whose reminders are due since a moment ago."""
    starts_at = (utc_now() + timedelta(hours=24, minutes=-1)).isoformat()
    lines = [f"a{number},+39331{number:07},{starts_at}" for number in range(count)]
    (folder / "appointments.csv").write_text("\n".join(["id,originator,starts_at", *lines]))
    return folder / "appointments.csv"


@asynccontextmanager
async def _worker(folder: Path, variables: dict[str, str]) -> AsyncIterator[Running]:
    with started(folder, "worker", *python("responder", "worker"), settings=variables) as worker:
        yield worker
        await asyncio.to_thread(worker.stop)  # it may still wait for an answer from here


async def _queue(settings: Settings, count: int) -> None:
    """Handle as many messages, so that a reply to each waits."""
    await fill(settings, count)
    async with open_store(settings) as store:
        in_force = await open_rules(settings, store, decides=True)
        handler = Handler(
            database=store.database,
            inbox=store.inbox,
            commits=Commits(store.database, store.secret),
            secret=store.secret,
            bell=Silent(),
            rules=in_force.rules,
            clock=utc_now,
        )
        await handler.handle()


async def _until(api: SendApi, sender: Running, count: int) -> dict[str, float]:
    """How many arrive in a second, and the CPU time for each of the first and of the last."""
    part = count // PART
    marks = []
    for arrived in (part // PART, part, count - part, count - part // PART):  # not the very first and the very last
        await _arrived(api, sender, arrived)
        marks.append((len(api.arrivals), asyncio.get_running_loop().time(), exact_cpu_s(sender.pid)))
    first, last = ((after[2] - before[2]) / max(after[0] - before[0], 1) for before, after in (marks[:2], marks[2:]))
    rate = (marks[-1][0] - marks[0][0]) / (marks[-1][1] - marks[0][1])
    await _arrived(api, sender, count)
    return {BARE: rate, FIRST: first * 1e6, LAST: last * 1e6}


async def _arrived(api: SendApi, sender: Running, count: int) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LIMIT_S
    while len(api.arrivals) < count:
        if loop.time() > ends_at or (sender.process.poll() is not None and len(api.arrivals) < count):
            raise BenchmarkError(f"{len(api.arrivals)} of {count} arrived\n{sender.log.read_text()[-2000:]}")
        await asyncio.sleep(0.002)
