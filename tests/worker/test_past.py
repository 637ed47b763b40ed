"""What was known at an earlier moment: as it was after the messages before it, whatever came later."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.core.appointments.booking import Booking
from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Known
from responder.core.rehearsal.replay import Replay
from responder.core.sms.message import Inbound
from responder.rulefile import read_rules
from responder.store.appointments.bookings import put_bookings
from responder.store.base.records import read_all
from responder.store.consent.retention import remove_texts
from responder.store.inbox.contacts import read_known
from responder.store.reading.contacts_then import Beginning, count_and_begin, decided_messages, read_past
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work

EARLIER = ("News ON", "Offers ON", "my name is Anna", "STOP")
LATER = ("START", "News OFF", "News ON", "hello")


def arrived(texts: tuple[str, ...], after: int = 0) -> list[Inbound]:
    return [inbound(text, received=NOON + minutes(after + number)) for number, text in enumerate(texts)]


async def known_of(work: Work) -> Known:
    return (await read_known(work.store.database, work.store.secret, [ANNA], NOON))[ANNA]


async def begin_at(work: Work, seconds_after: float) -> Beginning:
    _, begin = await count_and_begin(work.store.database, NOON + timedelta(seconds=seconds_after))
    assert begin is not None
    return begin


async def past_of(work: Work, begin: Beginning) -> Known:
    (known,) = await read_past(work.store.database, [ANNA], begin)
    return known


@pytest.mark.parametrize(("text", "brings_back"), [("STOP", True), ("STOP NEWS", False), ("News OFF", False)])
async def test_a_list_is_brought_back_by_start_if_stop_took_it(work: Work, text: str, *, brings_back: bool) -> None:
    await work.handle(*arrived(("News ON", text, "News ON")))
    past = await past_of(work, await begin_at(work, 120))
    assert (past.subscriptions["news"].status, past.subscriptions["news"].taken_by_stop) == (
        "unsubscribed",
        brings_back,
    )


async def test_a_list_that_was_left_before_stop_is_not_brought_back_by_start(work: Work) -> None:
    await work.handle(*arrived(("News ON", "News OFF", "STOP", "News ON")))
    past = await past_of(work, await begin_at(work, 180))
    assert not past.subscriptions["news"].taken_by_stop


@pytest.mark.parametrize("split", range(1, len(EARLIER + LATER)))
async def test_lists_opt_out_and_language_are_as_they_were_at_any_moment(work: Work, split: int) -> None:
    messages = arrived(EARLIER + LATER)
    for message in messages[:split]:
        await work.handle(message)
    then = await known_of(work)
    for message in messages[split:]:
        await work.handle(message)
    past = await past_of(work, await begin_at(work, 60 * split))
    assert (past.opted_out, past.language) == (then.opted_out, then.language)
    seen = {name: (one.status, one.taken_by_stop) for name, one in past.subscriptions.items()}
    assert seen == {name: (one.status, one.taken_by_stop) for name, one in then.subscriptions.items()}


async def test_a_message_that_was_long_on_its_way_does_not_belong_to_the_past(work: Work) -> None:
    await work.handle(inbound("hello", received=NOON))
    await work.handle(inbound("News ON", sent=NOON - timedelta(hours=3), received=NOON + minutes(1)))
    assert (await past_of(work, await begin_at(work, 30))).subscriptions == {}


async def test_an_appointment_that_was_answered_for_since_stands_as_scheduled(work: Work) -> None:
    booking = Booking(id="a1", originator=ANNA, starts_at=NOON + timedelta(hours=21), asked_at=NOON)
    await put_bookings(work.store.database, [booking], NOON)
    await work.handle(*arrived(("hello", "yes"), after=1))
    (row,) = await work.rows("appointments")
    (appointment,) = (await past_of(work, await begin_at(work, 0))).appointments
    assert (row.status, appointment.status, appointment.order) == ("confirmed", AppointmentStatus.SCHEDULED, None)


async def test_an_appointment_long_past_by_now_is_there_again(work: Work) -> None:
    await work.handle(inbound("hello", received=NOON - timedelta(days=20)))
    booking = Booking(id="a1", originator=ANNA, starts_at=NOON - timedelta(days=19), asked_at=NOON - timedelta(days=21))
    await put_bookings(work.store.database, [booking], NOON - timedelta(days=22))
    (past,) = await read_past(work.store.database, [ANNA], Beginning(at=NOON - timedelta(days=20), seq=1))
    assert [appointment.id for appointment in past.appointments] == ["a1"]


async def test_messages_that_wait_or_are_malformed_are_left_out(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await work.receive(inbound("News ON", BRUNO))
    found = [message.originator async for message in read_all(work.store.database, decided_messages(None))]
    assert (found, (await count_and_begin(work.store.database, None))[0]) == ([ANNA], 1)


async def test_messages_whose_texts_were_removed_are_left_out_and_empty_ones_are_not(work: Work) -> None:
    await work.handle(inbound("News ON", received=NOON - timedelta(days=90)), inbound("", BRUNO))
    await remove_texts(work.store.database, NOON - timedelta(days=30))
    found = [message.originator async for message in read_all(work.store.database, decided_messages(None))]
    assert found == [BRUNO]


async def test_a_replay_by_the_rules_of_then_decides_what_was_decided(work: Work) -> None:
    for message in arrived(EARLIER + LATER):
        await work.handle(message)
    replay = Replay(work.rules, replace(work.rules, rules=(), fallback=()))
    begin = await begin_at(work, 60 * len(EARLIER))
    replay.begin(await read_past(work.store.database, [ANNA], begin))
    found = [replay.take(message) async for message in read_all(work.store.database, decided_messages(begin.at))]
    stored = [row for row in await work.rows("messages", "seq") if row.seq >= begin.seq]
    told = {one.message.key: one.before for one in found if one}
    assert {row.key: row.rule for row in stored if row.key in told} == {
        key: outcome.rule for key, outcome in told.items()
    }
    texts = {row.message_key: row.content for row in await work.rows("steps", "seq") if row.kind == "reply"}
    assert {key: outcome.replies for key, outcome in told.items() if outcome.replies} == {
        key: (texts[key],) for key in told if key in texts
    }
    assert len(told) == len(LATER) - 1  # START needs no rule, so both answer it alike


ASKING = """
version: 1
languages: [en]
lists: {offers: {title: Offers, double_opt_in: true}, games: {title: Games, double_opt_in: true}}
rules:
  - {name: offers-on, when: {text: Offers ON}, then: [subscribe: offers, reply: Welcome.]}
  - {name: games-on, when: {text: Games ON}, then: [subscribe: games, reply: Play.]}
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: See you.]}
fallback: {then: [reply: "Sorry?"]}
"""
TALK = ("Offers ON", "yes", "Games ON", "hello", "yes", "STOP", "START", "Offers ON", "no", "yes")


@pytest.fixture
def asking(work: Work) -> Work:
    work.rules = read_rules(ASKING, "rules.yaml", {})
    return work


@pytest.mark.parametrize("split", range(1, len(TALK)))
async def test_a_replay_begins_with_the_questions_that_were_open(asking: Work, split: int) -> None:
    for message in arrived(TALK):
        await asking.handle(message)
    replay = Replay(asking.rules, replace(asking.rules, rules=(), fallback=(), hash="other"))
    begin = await begin_at(asking, 60 * split)
    replay.begin(await read_past(asking.store.database, [ANNA], begin))
    found = [replay.take(message) async for message in read_all(asking.store.database, decided_messages(begin.at))]
    told = {one.message.text: one.before.rule for one in found if one}
    stored = {
        row.text: row.rule for row in await asking.rows("messages", "seq") if row.seq >= begin.seq and row.text in told
    }
    assert told == stored
    assert ("yes" in told) == ("yes" in TALK[split:])


async def test_a_list_that_asks_first_waited_then_for_the_answer(asking: Work) -> None:
    for message in arrived(("Offers ON", "yes")):
        await asking.handle(message)
    past = await past_of(asking, await begin_at(asking, 60))
    assert (past.subscriptions["offers"].status, past.subscriptions["offers"].ends_at) == (
        "pending",
        NOON + timedelta(hours=48),
    )
    assert [question.status for question in past.questions] == ["open"]
