"""One phone's 10,000 texts against those of 10,000 phones, and how long another number's reply waits behind them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import exists, func, select

from benchmarks.acknowledge import US
from benchmarks.filled import make_handler
from benchmarks.load import A_SECOND, form
from benchmarks.postgresql import Server, new_database
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate
from benchmarks.running import BenchmarkError, settings_for, working_folder
from responder.core.outbound.gateway import Posted
from responder.settings.model import Settings, load_settings
from responder.store.base.tables import messages, steps
from responder.wiring import Store, make_gateway, migrate_database, open_store

MESSAGES = 10_000
TOGETHER = 500
POLL_S = 0.005
LIMIT_S = 120.0
SPREAD, HOT = "of as many phones", "of one phone"
COST, WAIT = "cost", "wait"
OTHER = form(MESSAGES * 5_000)


def run(options: Options) -> Report:
    """Compare handling the texts of one phone with those of many, and time another number's reply."""
    tables, goals = list[Table](), list[Goal]()
    for kind in ("SQLite", "PostgreSQL") if options.postgresql else ("SQLite",):
        measured = alternate(
            options,
            {whose: partial(_measured, options, kind, whose) for whose in (SPREAD, HOT)},
        )
        about = f"hot contact, {kind}: {options.count(MESSAGES):,} texts wait"
        cost = Table(
            title=f"{about}, CPU of handling them",
            unit="us per message",
            rows=[row for row in measured if COST in row.name],
            baselines=(f"{COST} {SPREAD}",),
        )
        wait = Table(
            title=f"{about}, how long another number's reply takes",
            unit="s",
            rows=[row for row in measured if WAIT in row.name],
        )
        tables += [cost, wait]
        times = cost.ratio(f"{COST} {HOT}", f"{COST} {SPREAD}")
        goals += [
            Goal(text=f"{kind}: times the cost of the texts {SPREAD}", value=times, limit=1.2),
            Goal(text=f"{kind}: s until another's reply is queued", value=wait.row(f"{WAIT} {HOT}").median, limit=1),
        ]
    return Report(tables=tables, goals=goals)


def _measured(options: Options, kind: str, whose: str) -> dict[str, float]:
    with ExitStack() as stack:
        folder = stack.enter_context(working_folder(options.folder))
        variables = settings_for(folder, 1)
        server = stack.enter_context(new_database(options.postgresql)) if kind == "PostgreSQL" else None
        if server:
            variables["RESPONDER_DATABASE_URL"] = server.url
        settings, count = load_settings(variables), options.count(MESSAGES)
        return asyncio.run(_handled(settings, server, count, whose))


async def _handled(settings: Settings, server: Server | None, count: int, whose: str) -> dict[str, float]:
    """Handle what waits; after the first batch a text of another number comes."""
    await migrate_database(settings)
    async with open_store(settings) as store:
        numbers = range(count)
        for start in range(0, count, TOGETHER):
            fields = [form(number * A_SECOND) for number in numbers[start : start + TOGETHER]]
            if whose == HOT:
                fields = [one | {"originator": form(0)["originator"]} for one in fields]
            await _receive(settings, store, fields)
        if await _count(store) != count:
            raise BenchmarkError("two of the texts had the same key")
        handler = make_handler(settings, store)
        before_server_s = await _server_s(server)
        before_s = time.process_time()
        await handler.handle_batch()
        handling = asyncio.create_task(_handle_all(handler.handle_batch))
        await _receive(settings, store, [OTHER])
        waited_s = await _time_to_reply(store)
        await handling
        spent_s = time.process_time() - before_s + await _server_s(server) - before_server_s
    return {f"{COST} {whose}": spent_s / count * US, f"{WAIT} {whose}": waited_s}


async def _count(store: Store) -> int:
    async with store.database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(messages))).scalar_one())


async def _server_s(server: Server | None) -> float:
    return await asyncio.to_thread(server.cpu_s) if server else 0.0


async def _handle_all(handle_batch: Callable[[], Awaitable[bool]]) -> None:
    while await handle_batch():
        pass


async def _receive(settings: Settings, store: Store, forms: Sequence[Mapping[str, str]]) -> None:
    gateway = make_gateway(settings, store.secret)
    posted = [Posted(body=b"", form=dict(fields), received_at=datetime.now(UTC)) for fields in forms]
    await store.inbox.add([inbound for one in posted for inbound in gateway.read_inbound(one).inbound], {})


async def _time_to_reply(store: Store) -> float:
    """How many seconds until the other number's reply is queued."""
    began_at = time.perf_counter()
    query = select(exists().where(steps.c.originator == OTHER["originator"], steps.c.kind == "reply"))
    while True:
        async with store.database.read() as connection:
            if (await connection.execute(query)).scalar_one():
                return time.perf_counter() - began_at
        if time.perf_counter() > began_at + LIMIT_S:
            raise BenchmarkError(f"the other number has no reply after {LIMIT_S:.0f} s")
        await asyncio.sleep(POLL_S)
