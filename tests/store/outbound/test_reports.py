"""Delivery reports on both databases: kept once, matched by either id, and settled with the reply in one transaction."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from responder.core.contact.effects import Step, StepKind, StepStatus
from responder.core.outbound.fates import Report, Reported
from responder.errors import StorageError
from responder.store.base.database import Database
from responder.store.base.tables import reports, steps
from responder.store.consent.retention import remove_strays
from responder.store.outbound.claims import Fate
from responder.store.outbound.replies import SqlSteps
from responder.store.outbound.reports import STRAYS_FOR, SqlReports, read_deliveries
from responder.store.queue.entering import step_rows
from responder.wiring import Store
from tests.builders import minutes, reply_step
from tests.conftest import NOON

SENT, FAILED, DELIVERED = Reported.SENT, Reported.FAILED, Reported.DELIVERED


def report(*ids: str, reported: Reported = DELIVERED, at: datetime = NOON, **other: Any) -> Report:
    reason = "it could not be delivered" if reported is FAILED else None
    return Report(ids=ids or ("k-1",), reported=reported, word=reported, received_at=at, reason=reason, **other)


async def queue(store: Store, *queued: Step) -> None:
    async with store.database.write() as connection:
        await connection.execute(insert(steps), step_rows(queued or [reply_step("k-1")], NOON))


async def claim(store: Store) -> None:
    assert await store.steps.claim(StepKind.REPLY, "w", NOON, 100)


async def send(
    store: Store, status: StepStatus = StepStatus.SENT, key: str = "k-1", gateway_id: str | None = "gw-1"
) -> None:
    await store.steps.record([Fate(key=key, status=status, gateway_id=gateway_id)], "w", NOON)


async def sent(store: Store, status: StepStatus = StepStatus.SENT) -> None:
    await queue(store)
    await claim(store)
    await send(store, status)


async def add(store: Store, *received: Report) -> list[tuple[str, StepStatus]]:
    return await store.reports.add(received, NOON)


async def step(store: Store, key: str = "k-1") -> Any:
    async with store.database.read() as connection:
        return (await connection.execute(select(steps).where(steps.c.key == key))).one()


async def kept(store: Store) -> list[str | None]:
    async with store.database.read() as connection:
        return list((await connection.execute(select(reports.c.step_key).order_by(reports.c.seq))).scalars())


@pytest.mark.parametrize("ids", [("k-1",), ("gw-1",), ("unknown", "k-1"), ("gw-1", "order-12345")])
async def test_a_report_finds_its_reply_by_our_id_and_by_the_gateways(store: Store, ids: tuple[str, ...]) -> None:
    await sent(store)
    assert await add(store, report(*ids)) == [("k-1", StepStatus.DELIVERED)]
    assert ((await step(store)).status, await kept(store)) == ("delivered", ["k-1"])


async def test_an_uncertain_reply_that_a_report_proves_delivered_is_delivered(store: Store) -> None:
    await sent(store, StepStatus.UNCERTAIN)
    await add(store, report())
    row = await step(store)
    assert (row.status, row.last_error) == ("delivered", None)


async def test_a_failed_reply_says_why_and_is_not_tried_again(store: Store) -> None:
    await sent(store)
    await add(store, report(reported=FAILED))
    row = await step(store)
    assert (row.status, row.last_error, row.next_attempt_at) == (
        "failed",
        "the gateway reports: it could not be delivered",
        None,
    )


async def test_a_report_that_comes_again_is_kept_once_and_changes_nothing(store: Store) -> None:
    await sent(store)
    assert [bool(await add(store, report(), report())) for _ in range(3)] == [True, False, False]
    assert await kept(store) == ["k-1"]


async def test_reports_out_of_order_end_alike(store: Store) -> None:
    await sent(store)
    for reported in (DELIVERED, SENT, FAILED):
        await add(store, report(reported=reported))
    assert (await step(store)).status == "delivered"


async def test_a_report_that_overtakes_the_answer_stands_and_the_answer_changes_nothing(store: Store) -> None:
    await queue(store)
    await claim(store)
    await add(store, report())
    await send(store, StepStatus.UNCERTAIN)
    assert (await step(store)).status == "delivered"


async def test_a_report_under_an_id_that_only_the_answer_tells_waits_for_it(store: Store) -> None:
    await queue(store)
    await claim(store)
    assert await add(store, report("gw-1")) == []
    assert await store.reports.match_strays(NOON) == []
    await send(store)
    assert await store.reports.match_strays(NOON) == [("k-1", StepStatus.DELIVERED)]
    assert await store.reports.match_strays(NOON) == []
    assert await kept(store) == ["k-1"]


async def test_a_report_on_nothing_of_ours_is_kept_and_waited_for_no_longer_than_an_answer_may_take(
    store: Store,
) -> None:
    await add(store, report("gw-1"))
    await sent(store)
    assert await store.reports.match_strays(NOON + STRAYS_FOR + minutes(1)) == []
    assert ((await step(store)).status, await kept(store)) == ("sent", [None])


async def test_a_reply_that_is_queued_again_is_not_sent_once_a_report_proves_that_it_was(store: Store) -> None:
    await sent(store, StepStatus.UNCERTAIN)
    await store.steps.retry("k-1", NOON)
    await add(store, report(reported=SENT))
    assert await store.steps.claim(StepKind.REPLY, "w", NOON, 10) == []
    assert (await step(store)).status == "sent"


async def test_the_late_copy_of_an_old_failure_does_not_fail_a_second_try(store: Store) -> None:
    await sent(store)
    await add(store, report(reported=FAILED))
    await store.steps.retry("k-1", NOON)
    await claim(store)
    await send(store)
    await add(store, report(reported=FAILED))
    assert (await step(store)).status == "sent"


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
async def test_a_reply_in_parts_is_delivered_with_the_last_of_them(store: Store, order: tuple[int, ...]) -> None:
    await sent(store)
    fates = []
    for part in order:
        await add(store, report(part=part, parts=3))
        fates.append((await step(store)).status)
    assert fates == ["sent", "sent", "delivered"]


async def test_parts_that_come_at_once_and_apart_add_up(store: Store) -> None:
    await sent(store)
    await asyncio.gather(*(SqlReports(store.database).add([report(part=part, parts=8)], NOON) for part in range(1, 9)))
    assert (await step(store)).status == "delivered"


async def test_a_reply_of_which_one_part_failed_has_failed(store: Store) -> None:
    await sent(store)
    await add(store, report(part=1, parts=2), report(part=2, parts=2, reported=FAILED))
    assert (await step(store)).status == "failed"


async def test_a_list_settles_every_reply_in_it(store: Store) -> None:
    await queue(store, *(reply_step(f"k{n}-1") for n in range(20)))
    await claim(store)
    changed = await add(store, *(report(f"k{n}-1", reported=DELIVERED if n % 2 else FAILED) for n in range(20)))
    assert len(changed) == 20
    assert sorted({status for _, status in changed}) == ["delivered", "failed"]


async def test_a_reply_under_an_id_that_the_gateway_used_before_is_the_newest(store: Store) -> None:
    await queue(store, reply_step("k-1"), reply_step("k-2"))
    await claim(store)
    await send(store, key="k-1")
    await send(store, key="k-2")
    assert await add(store, report("gw-1")) == [("k-2", StepStatus.DELIVERED)]


async def test_a_webhook_call_has_no_delivery_report(store: Store) -> None:
    async with store.database.write() as connection:
        await connection.execute(insert(steps), step_rows([reply_step("k-1")], NOON))
        await connection.execute(update(steps).values(kind=StepKind.WEBHOOK))
    assert await add(store, report()) == []


@pytest.mark.parametrize(
    ("happened", "delivered"),
    [
        (timedelta(seconds=4), timedelta(seconds=4)),
        (timedelta(hours=-1), timedelta(seconds=9)),
        (timedelta(hours=1), timedelta(seconds=9)),
        (None, timedelta(seconds=9)),
    ],
)
async def test_the_time_to_delivery_is_the_gateways_where_our_clock_can_believe_it(
    store: Store, happened: timedelta | None, delivered: timedelta
) -> None:
    await sent(store)
    await add(
        store, report(at=NOON + timedelta(seconds=9), happened_at=NOON + happened if happened is not None else None)
    )
    row = await step(store)
    assert row.delivered_at - row.submitted_at == delivered


async def test_when_the_reply_cannot_be_changed_the_report_is_not_kept_either(store: Store) -> None:
    await queue(store, reply_step("k-1"), reply_step("k-2"))
    await add(store, report("k-2"))
    async with store.database.write() as connection:
        await connection.execute(text("CREATE UNIQUE INDEX no_second_of_a_status ON steps (status)"))
    with pytest.raises(StorageError):
        await add(store, report("k-1"))
    assert await kept(store) == ["k-2"]


async def test_the_same_report_from_two_processes_at_once_counts_once(store: Store, migrated_url: str) -> None:
    await sent(store)
    other = Database(migrated_url)
    changed = await asyncio.gather(
        *(SqlReports(each).add([report()], NOON) for each in (store.database, other, store.database, other))
    )
    await other.close()
    assert sum(map(len, changed)) == 1
    assert await kept(store) == ["k-1"]


async def test_how_long_a_reply_took_to_the_phone_is_kept_and_counted(store: Store) -> None:
    await sent(store)
    await add(store, report(at=NOON + timedelta(seconds=7, milliseconds=250)))
    assert (await step(store)).delivery_ms == 7250
    fare = (await read_deliveries(store.database, NOON))[""]
    assert (fare.timed, fare.seconds, fare.within[5], fare.within[10], fare.share_delivered) == (1, 7.25, 0, 1, 1.0)


async def test_replies_are_counted_by_the_api_that_took_them_with_the_segments_of_both_counts(store: Store) -> None:
    queued = [reply_step(f"k-{number}") for number in range(3)]
    await queue(store, *queued)
    for number, (api, billed) in enumerate([("legacy", 2), ("universal", None), ("universal", 1)]):
        [claimed] = await SqlSteps(store.database, b"s", api).claim(StepKind.REPLY, "w", NOON, 1)
        await store.steps.record(
            [Fate(key=claimed.step.key, status=StepStatus.SENT, billed_segments=billed)], "w", NOON
        )
        assert (await step(store, f"k-{number}")).billed_segments == billed
    fares = await read_deliveries(store.database, NOON)
    told = {api: (fare.by_status, fare.segments, fare.billed) for api, fare in fares.items()}
    assert told == {"legacy": ({"sent": 1}, 1, 2), "universal": ({"sent": 2}, 1, 1)}


async def test_a_reply_that_nobody_handed_over_took_no_time(store: Store) -> None:
    await queue(store)
    await add(store, report())
    assert (await step(store)).delivery_ms is None
    assert await read_deliveries(store.database, NOON - timedelta(days=1)) == {}


async def test_reports_on_what_we_did_not_send_go_after_their_time_and_the_others_stay(store: Store) -> None:
    await sent(store)
    await add(
        store,
        report("k-1"),
        *(report(f"stranger-{number}", at=NOON - timedelta(days=31)) for number in range(1100)),
        report("new"),
    )
    assert await remove_strays(store.database, NOON - timedelta(days=30)) == 1100
    assert sorted(map(str, await kept(store))) == ["None", "k-1"]
