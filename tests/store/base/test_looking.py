"""What a worker asks again and again is found by an index, however many steps were carried out or wait: SQLite needs help to see that."""

import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.operations.pages import ConsentFilter, DeliveryFilter, MessageFilter
from responder.store.base.database import Database
from responder.store.base.records import Listing, count_all, read_all, read_part
from responder.store.consent.reading import list_consent
from responder.store.handoffs.handoffs import list_handoffs
from responder.store.operations.sources import read_clock_offset
from responder.store.outbound.abandoned import due_kinds, has_abandoned, settle_abandoned
from responder.store.outbound.calls import claim_calls
from responder.store.outbound.gates import drop_late, put_off
from responder.store.outbound.replies import SqlSteps
from responder.store.reading.failed_messages import read_failed
from responder.store.reading.overview import read_board
from responder.store.reading.records import list_deliveries, list_messages
from tests.builders import ANNA
from tests.conftest import NOON

Ask = Callable[[Database, SqlSteps], Awaitable[object]]


async def ask_quiet_hours(database: Database, _steps: SqlSteps) -> None:
    async with database.write() as connection:
        await put_off(connection, NOON, NOON)


ASKED: dict[str, Ask] = {
    "which kinds are due": lambda database, _: due_kinds(database, NOON),
    "due replies": lambda _, steps: steps.claim(StepKind.REPLY, "w", NOON, 20),
    "due calls": lambda database, _: claim_calls(database, "w", NOON, {"crm": 10}, ["crm"]),
    "what a killed worker left": lambda database, _: has_abandoned(database, NOON),
    "the same, to settle it": lambda database, _: settle_abandoned(database, NOON),
    "what is too late": lambda database, _: drop_late(database, NOON),
    "what waits for the morning": ask_quiet_hours,
}


async def test_the_steps_in_trouble_are_counted_by_their_index(sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    with told() as asked:
        await SqlSteps(database, b"s").count_troubled()
    await database.close()
    details = [detail for statement in asked for detail in plan_of(path, statement)]
    assert "ix_steps_troubled" in details[0]


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
async def test_no_step_is_read_that_is_not_looked_for(ask: Ask, sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    with told() as asked:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await ask(database, SqlSteps(database, b"s"))
        await database.close()
    assert asked
    details = [detail for statement in asked for detail in plan_of(path, statement)]
    assert [detail for detail in details if detail.startswith("SCAN steps")] == []


@contextmanager
def told() -> Iterator[list[str]]:
    """The statements that are carried out meanwhile on connections that are opened meanwhile, with their values."""
    statements: list[str] = []

    def listen(connection: Any, _record: object) -> None:
        connection.here.set_trace_callback(statements.append)

    event.listen(Pool, "connect", listen)
    try:
        yield statements
    finally:
        event.remove(Pool, "connect", listen)


def plan_of(path: Path, statement: str) -> list[str]:
    """How SQLite goes about a statement."""
    if statement.startswith(("BEGIN", "PRAGMA", "COMMIT", "ROLLBACK")):
        return []
    with sqlite3.connect(path) as connection:
        return [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


async def test_failed_messages_are_found_by_their_index(sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    with told() as asked:
        await read_failed(database)
        await read_clock_offset(database, ZoneInfo("Europe/Rome"))
    await database.close()
    failed, last = (plan_of(path, statement) for statement in asked if "messages" in statement)
    assert "ix_messages_failed" in failed[0]
    assert last == ["SCAN messages"]  # backwards from the newest, up to the limit


async def look_at_a_board(database: Database) -> None:
    await read_board(database, NOON, NOON + timedelta(days=1), NOON)


async def look_at_deliveries(database: Database) -> None:
    await read_part(database, list_deliveries(DeliveryFilter(originator=ANNA)), None, 50)


@pytest.mark.parametrize("look", [look_at_a_board, look_at_deliveries])
async def test_a_look_at_some_numbers_reads_nothing_of_others(
    look: Callable[[Database], Awaitable[None]], sqlite_template: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    with told() as asked:
        await look(database)
    await database.close()
    details = [detail for statement in asked for detail in plan_of(path, statement)]
    assert details
    assert [detail for detail in details if detail.startswith("SCAN")] == []


async def test_of_what_a_sorted_list_passes_over_nothing_is_read_but_its_order(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    with told() as asked:
        async for _ in read_all(database, list_handoffs(), newest=1):
            pass
    await database.close()
    passing = [statement for statement in asked if "OFFSET 1\n" in f"{statement}\n" or "OFFSET 999" in statement]
    assert [statement.partition("FROM")[0].split() for statement in passing] == 2 * [
        ["SELECT", "handoffs.opened_at,", "handoffs.message_key"]
    ]


@pytest.mark.parametrize(
    ("listing", "index"),
    [
        (list_deliveries(DeliveryFilter(status=StepStatus.UNCERTAIN)), "ix_steps_troubled"),
        (list_consent(ConsentFilter(by_phrase=True)), "ix_consent_events_phrased"),
        (list_messages(MessageFilter(rule="seldom")), "ix_messages_rule"),
    ],
)
async def test_the_few_that_a_short_list_has_are_found_among_millions(
    listing: Listing[Any], index: str, sqlite_template: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "responder.db"))
    database = Database(f"sqlite+aiosqlite:///{path}")
    with told() as asked:
        async for _ in read_all(database, listing, newest=50):
            pass
        await count_all(database, listing)
    await database.close()
    details = [detail for statement in asked for detail in plan_of(path, statement)]
    assert {index in detail for detail in details} == {True}, details
