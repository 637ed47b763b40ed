"""What becomes of a reply by the gateway's answer, over a real connection."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete

from responder.clients.http import HttpClient
from responder.core.contact.effects import StepKind, StepStatus
from responder.errors import AccessError, BlockedError, PermanentError, TransientError, UncertainError
from responder.gateways.agile.answers import TABLE, Row, Said
from responder.store.base.tables import holds
from responder.store.outbound.holds import Hold, lift_hold, places, read_hold, spent_on
from tests.builders import reply_step
from tests.conftest import NOON
from tests.receiver import ACCEPTED, receiving
from tests.worker.conftest import Work
from tests.worker.going_out import Out, call_step

FATE = {
    TransientError: "queued",
    PermanentError: "dead",
    BlockedError: "dead",
    AccessError: "queued",
    UncertainError: "uncertain",
}
REFUSED = "the API key is not accepted, check RESPONDER_AGILE_API_KEY (HTTP 401)"


@pytest.fixture
async def line(work: Work) -> AsyncIterator[Out]:
    async with receiving() as receiver, HttpClient(allow_private=True) as client:
        yield Out(work, receiver, client)


def answer_as(out: Out, row: Row) -> None:
    """Let the gateway answer with what a row of the table is about."""
    out.receiver.status, out.receiver.body, out.receiver.headers = row.number, b"", {}
    match row.said:
        case Said.RESULT:
            out.receiver.status = 200
            out.receiver.body = json.dumps({"results": [{"accepted": False, "statusCode": row.number}]}).encode()
        case Said.CODE:
            out.receiver.status = 500
            out.receiver.body = json.dumps({"status": "error", "code": row.number}).encode()
        case Said.BUSY:
            out.receiver.headers = {"retry-after": "3"}
        case Said.HUNDRED:
            out.receiver.status = row.number * 100 + 77


async def test_each_row_of_the_table_gives_its_fate(line: Out) -> None:
    held: list[bool] = []
    for number, row in enumerate(TABLE):
        answer_as(line, row)
        await line.queue(reply_step(f"k-{number}", f"+3933000{number:05}"))
        await line.deliver()
        held.append(await read_hold(line.work.store.database) is not None)
        async with line.work.store.database.write() as connection:
            await connection.execute(delete(holds))
    found = await line.work.rows("steps", "seq")
    assert len(line.receiver.requests) == len(TABLE)
    assert [(step.status, step.last_error.partition(" (HTTP")[0]) for step in found] == [
        (FATE[row.error], row.words) for row in TABLE
    ]
    assert held == [row.error is AccessError for row in TABLE]


class Slow:
    """Lets one text go at a time, and remembers for how many it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def take(self, wanted: int) -> int:
        self.asked.append(wanted)
        return 1


async def refused(line: Out, count: int = 3) -> None:
    """A gateway that refuses our key, and so many replies that wait."""
    line.receiver.status, line.receiver.body = 401, b""
    await line.queue(reply_step("k-0", "+393300000000"))
    await line.deliver()
    for number in range(1, count):
        await line.queue(reply_step(f"k-{number}", f"+39330000{number:04}"))


async def test_while_the_key_is_refused_the_queue_is_kept_and_nothing_is_sent(line: Out) -> None:
    await refused(line)
    for _ in range(5):
        await line.deliver()
    assert (len(line.receiver.requests), await line.statuses()) == (1, ["queued"] * 3)
    assert await read_hold(line.work.store.database) == Hold(since=NOON, reason=REFUSED)


async def test_while_the_key_is_refused_what_waits_takes_one_turn_of_the_pace_for_a_ring(line: Out) -> None:
    await refused(line, 30)
    line.pace = pace = Slow()
    await line.deliver()
    assert (pace.asked, len(line.receiver.requests)) == ([1], 1)
    line.work.clock.advance(minutes=1)
    await line.deliver()
    assert (pace.asked, len(line.receiver.requests)) == ([1, 1], 2)


async def test_a_refused_key_costs_no_attempt_however_long_it_takes(line: Out) -> None:
    await refused(line, 1)
    for _ in range(10):
        line.work.clock.advance(minutes=2)
        await line.deliver()
    assert (len(line.receiver.requests), (await line.row()).status, (await line.row()).attempts) == (11, "queued", 0)


async def test_a_refused_key_spends_no_texts_of_the_day_but_the_first_try(line: Out) -> None:
    await refused(line, 1)
    for _ in range(3):
        line.work.clock.advance(minutes=2)
        await line.deliver()
    assert await spent_on(line.work.store.database, "2026-11-23") == 1


async def test_one_reply_a_minute_tries_whether_the_key_works_again(line: Out) -> None:
    await refused(line)
    line.work.clock.advance(minutes=1)
    for _ in range(3):
        await line.deliver()
    assert [request.json()["messageId"] for request in line.receiver.requests] == ["k-0", "k-1"]
    assert await read_hold(line.work.store.database) == Hold(since=NOON, reason=REFUSED)


async def test_once_a_probe_is_taken_everything_goes_out(line: Out) -> None:
    await refused(line)
    line.receiver.status, line.receiver.body = 200, ACCEPTED
    line.work.clock.advance(minutes=1, seconds=1)
    await line.deliver()
    await line.deliver()
    assert await line.statuses() == ["sent"] * 3
    assert await read_hold(line.work.store.database) is None


@pytest.mark.parametrize("fault", ["hangs up", "cannot tell", "is busy"])
async def test_a_probe_that_tells_nothing_of_the_key_ends_nothing(line: Out, fault: str) -> None:
    await refused(line)
    line.receiver.drops, line.receiver.status = (
        fault == "hangs up",
        {"cannot tell": 500, "is busy": 429}.get(fault, 200),
    )
    line.work.clock.advance(minutes=1)
    await line.deliver()
    assert (await read_hold(line.work.store.database) is not None, len(line.receiver.requests)) == (True, 2)


async def test_a_probe_is_one_reply_even_where_only_one_may_be_claimed(line: Out) -> None:
    await refused(line)
    line.work.clock.advance(minutes=1)
    [claimed] = await line.work.store.steps.claim(StepKind.REPLY, "w", line.work.clock(), 1)
    assert claimed.is_probe


async def test_a_start_sends_again_at_once_since_the_key_may_be_another(line: Out) -> None:
    await refused(line)
    line.receiver.status, line.receiver.body = 200, ACCEPTED
    await lift_hold(line.work.store.database, line.work.clock())
    await line.deliver()
    assert await line.statuses() == ["sent"] * 3


async def test_a_hold_on_replies_leaves_webhooks_alone(line: Out) -> None:
    await refused(line, 1)
    line.receiver.status = 200
    await line.queue(call_step("k-9"))
    await line.deliver(StepKind.WEBHOOK)
    assert await line.statuses() == ["queued", "delivered"]


async def test_of_workers_at_once_one_sends_the_probe(line: Out) -> None:
    await refused(line)
    async with line.work.store.database.write() as connection:
        tries = [await places(connection, NOON + timedelta(minutes=1), 20) for _ in range(3)]
    assert tries == [(1, True), (0, True), (0, True)]


async def test_what_is_blocked_or_opted_out_at_the_gateway_is_given_up_at_once_with_that_reason(line: Out) -> None:
    line.receiver.body = b'{"results": [{"accepted": false, "statusCode": 403}]}'
    await line.queue(reply_step("k-1"))
    await line.deliver()
    line.work.clock.advance(hours=48)
    await line.deliver()
    row = await line.row()
    assert (row.status, len(line.receiver.requests)) == (StepStatus.DEAD, 1)
    assert row.last_error == "the destination is blocked or opted out at the gateway (HTTP 200)"
