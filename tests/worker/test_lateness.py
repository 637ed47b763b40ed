"""Replies that wait: ended by a STOP, silent at night, and dropped once they are useless."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from responder.core.contact.effects import Purpose, StepStatus
from responder.core.outbound.leaving import OPTED_OUT, TOO_LATE
from responder.rulefile import read_rules
from responder.store.base.tables import contacts
from responder.store.consent.stopping import opt_out
from responder.store.queue.entering import put_hearers
from responder.worker.upkeep import Housekeeping
from tests.builders import ANNA, BRUNO, inbound, reply_step
from tests.conftest import NOON
from tests.worker.conftest import Work
from tests.worker.going_out import Out, going_out

RULES = """
version: 1
timezone: Europe/Rome
appointments: {quiet_hours: 21:00-08:00}
webhooks: {ops: {url: "https://ops.example.com/hook", events: [delivery.changed]}}
rules:
  - {name: ask, when: {text: ask}, then: [{reply: {text: How was it?, delay: 10m}}]}
  - {name: soon, when: {text: soon}, then: [{reply: {text: Yes., valid_for: 30m}}]}
fallback: {then: [{reply: Sorry?}]}
"""
EVENING = datetime.fromisoformat("2026-11-23T19:55+00:00")  # five to nine in Rome
MORNING = datetime.fromisoformat("2026-11-24T07:00+00:00")


@pytest.fixture
async def out(work: Work) -> AsyncIterator[Out]:
    work.rules = read_rules(RULES, "rules.yaml", {})
    async with going_out(work) as out:
        out.rules = work.rules
        yield out


def sent(out: Out) -> list[str]:
    return [request.json()["body"] for request in out.receiver.requests]


async def fates(out: Out) -> list[tuple[str, str | None]]:
    return [(row.status, row.last_error) for row in await out.work.rows("steps", "seq") if row.kind == "reply"]


async def first_key(out: Out) -> str:
    key: str = (await out.work.rows("steps", "seq"))[0].key
    return key


async def keep_house(out: Out) -> None:
    await Housekeeping(store=out.work.store, retention_days=0, clock=out.work.clock, rules=lambda: out.rules).once()


async def test_a_delayed_reply_leaves_after_its_delay(out: Out) -> None:
    await out.work.handle(inbound("ask"))
    out.work.clock.advance(minutes=9)
    await out.deliver()
    assert sent(out) == []
    out.work.clock.advance(minutes=1)
    await out.deliver()
    assert sent(out) == ["How was it?"]


async def test_an_opt_out_cancels_a_delayed_reply(out: Out) -> None:
    await out.work.handle(inbound("ask"))
    await out.work.handle(inbound("ask", BRUNO))
    await out.work.handle(inbound("STOP", received=out.work.clock.advance(minutes=5)))
    assert [fate for fate, _ in await fates(out)] == ["suppressed", "queued", "queued"]
    out.work.clock.advance(minutes=6)
    await out.deliver()
    assert [
        request.json()["destination"] for request in out.receiver.requests if request.json()["body"] == "How was it?"
    ] == [BRUNO]
    assert (await fates(out))[0] == ("suppressed", OPTED_OUT)


async def test_who_comes_back_after_a_stop_does_not_get_what_it_cancelled(out: Out) -> None:
    await out.work.handle(inbound("ask"))
    for text in ("STOP", "START"):
        await out.work.handle(inbound(text, received=out.work.clock.advance(minutes=1)))
    out.work.clock.advance(minutes=10)
    await out.deliver()
    assert "How was it?" not in sent(out)


async def test_an_opt_out_by_hand_cancels_it_too(out: Out) -> None:
    await out.work.handle(inbound("ask"))
    await opt_out(
        out.work.store.database, out.work.store.secret, ANNA, reason="phoned", operator="mia", now=out.work.clock()
    )
    assert (await fates(out))[0] == ("suppressed", OPTED_OUT)


async def test_a_delayed_reply_that_is_claimed_as_the_number_opts_out_is_suppressed(out: Out) -> None:
    await out.queue(reply_step("k-1", leaves_at=NOON))
    async with out.work.store.database.write() as connection:
        await connection.execute(insert(contacts).values(originator=ANNA, revision=1, opted_out=True))
    await out.deliver()
    assert (sent(out), await fates(out)) == ([], [("suppressed", OPTED_OUT)])


async def test_a_delayed_reply_that_could_not_leave_by_day_does_not_leave_at_night(out: Out) -> None:
    await out.work.handle(inbound("ask", received=EVENING - timedelta(minutes=10)))
    out.work.clock.now = EVENING + timedelta(minutes=10)
    await out.deliver()
    assert (sent(out), (await out.row()).next_attempt_at) == ([], MORNING)


async def test_an_answer_at_once_leaves_at_night_as_well(out: Out) -> None:
    out.work.clock.now = EVENING + timedelta(hours=2)
    await out.work.handle(inbound("eh", received=out.work.clock.now))
    await out.deliver()
    assert sent(out) == ["Sorry?"]


async def test_a_reminder_that_was_held_does_not_leave_at_night(out: Out) -> None:
    await out.queue(reply_step("r-1", purpose=Purpose.REMINDER, expires_at=MORNING + timedelta(hours=1)))
    out.work.clock.now = EVENING + timedelta(hours=2)
    await out.deliver()
    assert sent(out) == []
    out.work.clock.now = MORNING
    await out.deliver()
    assert sent(out) == ["Hello"]


async def test_where_no_hours_are_quiet_a_delayed_reply_leaves_at_night(out: Out) -> None:
    await out.work.handle(inbound("ask", received=EVENING))
    out.rules = replace(out.rules, appointments=replace(out.rules.appointments, quiet_hours=None))
    out.work.clock.now = EVENING + timedelta(hours=13)
    await out.deliver()
    assert sent(out) == ["How was it?"]


async def test_a_reply_that_is_too_old_is_dropped_when_it_is_claimed_and_listed(out: Out) -> None:
    await out.work.handle(inbound("soon"))
    out.work.clock.advance(minutes=31)
    await out.deliver()
    assert (sent(out), await fates(out)) == ([], [("suppressed", TOO_LATE)])


async def test_a_reply_is_of_use_for_six_hours_if_nothing_is_said(out: Out) -> None:
    await out.work.handle(inbound("eh"), inbound("eh", BRUNO, received=NOON + timedelta(minutes=1)))
    out.work.clock.advance(hours=6, seconds=30)
    await out.deliver()
    assert await fates(out) == [("suppressed", TOO_LATE), ("sent", None)]


async def test_replies_that_are_held_are_dropped_when_they_are_too_old_and_webhooks_are_told(out: Out) -> None:
    out.receiver.status, out.receiver.body = 401, b""
    await out.work.handle(inbound("eh"))
    await out.deliver()
    await put_hearers(out.work.store.database, ["ops"])
    await out.work.handle(inbound("soon", BRUNO))
    out.work.clock.advance(minutes=40)
    await keep_house(out)
    assert [fate for fate, _ in await fates(out)] == ["queued", "suppressed"]
    assert [row.recipient for row in await out.work.rows("steps") if row.kind == "webhook"] == ["ops"]


async def test_a_probe_is_a_reply_that_can_still_be_sent(out: Out) -> None:
    out.receiver.status, out.receiver.body = 401, b""
    await out.work.handle(inbound("soon"))
    await out.deliver()
    out.work.clock.advance(minutes=40)
    await out.work.handle(inbound("eh", BRUNO, received=out.work.clock()))
    await out.deliver()
    assert sent(out) == ["Yes.", "Sorry?"]


async def test_what_leaves_later_is_not_dropped_before_its_time(out: Out) -> None:
    await out.work.handle(inbound("ask", received=EVENING))
    out.work.clock.now = MORNING
    await keep_house(out)
    assert await fates(out) == [("queued", None)]


async def test_an_old_reply_goes_out_when_a_person_names_its_key(out: Out) -> None:
    out.receiver.drops = True
    await out.work.handle(inbound("soon"))
    await out.deliver()
    out.receiver.drops = False
    out.work.clock.advance(days=1)
    assert await out.work.store.steps.retry(await first_key(out), out.work.clock()) is StepStatus.UNCERTAIN
    await out.deliver()
    assert (sent(out), await fates(out)) == (["Yes."] * 2, [("sent", None)])


async def test_a_late_confirmation_is_not_sent_even_when_a_person_names_its_key(out: Out) -> None:
    out.receiver.drops = True
    await out.work.handle(inbound("STOP", ANNA))
    await out.deliver()
    out.work.clock.advance(hours=1)
    await out.work.store.steps.retry(await first_key(out), out.work.clock())
    await out.deliver()
    assert await fates(out) == [("suppressed", TOO_LATE)]
