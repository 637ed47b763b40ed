"""Reminders are planned anew when the file's times change: once, in short transactions, and whatever crosses it."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from responder.core.appointments.reminders import ReminderPlan
from responder.store.appointments.planning import BOOKING_LOCK, TOGETHER, plan_some_anew
from tests.appointments.clinic import RULES, Clinic
from tests.conftest import NOON
from tests.crowd import Crowd

NEWER = RULES.replace("before: 1d", "before: 2d")
IN_FIVE_DAYS = NOON + timedelta(days=5)


def times(clinic: Clinic) -> ReminderPlan:
    return ReminderPlan(policy=clinic.rules.appointments, zone=clinic.rules.zone)


async def planned(clinic: Clinic) -> Counter[str]:
    """How many reminders of each name are planned."""
    return Counter(row.name for row in await clinic.work.rows("reminders") if row.status == "planned")


async def crowded(clinic: Clinic, count: int) -> None:
    await Crowd(clinic.store.database).to_remind(count)


async def plan_all(clinic: Clinic) -> None:
    """As many sweeps as it takes: each plans for a moment only."""
    while await plan_some_anew(clinic.store.database, times(clinic), NOON):
        pass


async def test_each_transaction_plans_a_few(clinic: Clinic) -> None:
    await crowded(clinic, 2 * TOGETHER + 1)
    slices = [await plan_some_anew(clinic.store.database, times(clinic), NOON) for _ in range(4)]
    assert slices == [True, True, False, None]


async def test_another_worker_goes_on_where_one_was_killed(clinic: Clinic) -> None:
    await crowded(clinic, 2 * TOGETHER)
    newer = clinic.with_rules(NEWER)
    assert await plan_some_anew(clinic.store.database, times(newer), NOON)
    assert await planned(newer) == {"2d": TOGETHER, "2h": TOGETHER, "1d": TOGETHER}
    await plan_all(newer)
    assert await planned(newer) == {"2d": 2 * TOGETHER, "2h": 2 * TOGETHER}


async def test_workers_that_plan_at_once_share_the_work(clinic: Clinic) -> None:
    await crowded(clinic, 4 * TOGETHER)
    both = [plan_some_anew(clinic.store.database, times(clinic), NOON) for _ in range(2)]
    assert set(await asyncio.gather(*both)) == {True}
    await plan_all(clinic)
    assert (await planned(clinic))["2h"] == 4 * TOGETHER


async def test_a_file_that_changes_meanwhile_begins_again(clinic: Clinic) -> None:
    await crowded(clinic, 2 * TOGETHER)
    await plan_some_anew(clinic.store.database, times(clinic), NOON)
    newer = clinic.with_rules(NEWER)
    await plan_all(newer)
    assert await planned(newer) == {"2d": 2 * TOGETHER, "2h": 2 * TOGETHER}


async def test_an_appointment_by_an_old_file_is_reminded_by_the_new_one(clinic: Clinic) -> None:
    await clinic.book("a0", IN_FIVE_DAYS)
    newer = clinic.with_rules(NEWER)
    await newer.at(NOON)
    await clinic.book("a1", IN_FIVE_DAYS, originator="+393307654321")
    assert len(await newer.at(NOON + timedelta(days=3))) == 2


async def test_an_appointment_by_an_old_file_amid_the_planning_is_reminded_as_well(clinic: Clinic) -> None:
    await crowded(clinic, 2 * TOGETHER)
    newer = clinic.with_rules(NEWER)
    await plan_some_anew(clinic.store.database, times(newer), NOON)
    await clinic.book("a1", IN_FIVE_DAYS)
    await plan_all(newer)
    assert {row.name for row in await newer.work.rows("reminders") if row.appointment_id == "a1"} == {"2d", "2h"}


async def test_no_appointment_is_planned_while_bookings_are_being_made(clinic: Clinic) -> None:
    if clinic.store.database.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    await clinic.book("a1", IN_FIVE_DAYS)
    async with clinic.store.database.write() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": BOOKING_LOCK})
        newer = clinic.with_rules(NEWER)
        assert await plan_some_anew(clinic.store.database, times(newer), NOON)
        assert await planned(clinic) == {"1d": 1, "2h": 1}
    assert await plan_some_anew(clinic.store.database, times(newer), NOON) is False


async def test_an_appointment_that_is_moved_while_all_are_planned_has_the_reminders_of_its_new_time(
    clinic: Clinic,
) -> None:
    await clinic.book("a1", IN_FIVE_DAYS)
    newer = clinic.with_rules(NEWER)
    moves = newer.book("a1", NOON + timedelta(days=9))
    await asyncio.gather(moves, *(plan_some_anew(clinic.store.database, times(newer), NOON) for _ in range(3)))
    await newer.at(NOON)
    assert len(await newer.at(NOON + timedelta(days=7))) == 1
