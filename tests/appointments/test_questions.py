"""Questions to a phone over time: which one an answer is for, by the clock of its arrival, and what was never asked."""

from datetime import timedelta

from responder.core.appointments.booking import Booking, Change
from responder.core.contact.effects import StepKind
from responder.store.appointments.bookings import put_bookings
from responder.store.base.history import read_history
from responder.store.consent.erasure import erase
from responder.store.consent.retention import end_subscriptions
from responder.store.outbound.gates import drop_late
from tests.appointments.clinic import RULES, Clinic
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
START = NOON + DAY
BOTH = RULES.replace(
    "webhooks:",
    """lists:
  offers: {title: Offers, double_opt_in: true}
  news: {title: News, double_opt_in: true}
  trial: {title: Trial}
webhooks:""",
).replace(
    "rules:\n",
    """rules:
  - {name: offers, when: {text: offers, hours: "Mon-Sun 13:00-14:00"}, then: [subscribe: offers, reply: "Welcome to Offers.", webhook: crm]}
  - {name: a-name-that-is-longer-than-thirty-two-letters, when: {text: news}, then: [subscribe: news, reply: "Welcome to News."]}
  - {name: both-1, when: {text: all of it}, continue: true, then: [subscribe: offers]}
  - {name: both-2, when: {text: all of it}, then: [subscribe: news]}
  - {name: trial, when: {text: trial}, then: [subscribe: {list: trial, for: 10m}]}
  - {name: on-trial, when: {text: more, list: {subscribed: trial}}, then: [reply: "More for you."]}
""",
    1,
)


async def reminded(clinic: Clinic) -> None:
    """An appointment of tomorrow, which the phone was asked about, two seconds before it is asked again."""
    await clinic.book("a1", START)
    await clinic.at(NOON)
    clinic.clock.now = NOON + 22 * HOUR - 2 * SECOND


async def receive(clinic: Clinic, text: str) -> None:
    await clinic.work.receive(inbound(text, received=clinic.clock()))


async def test_a_yes_that_waits_is_heard_before_the_next_reminder_is_queued(clinic: Clinic) -> None:
    await reminded(clinic)
    await receive(clinic, "yes")
    assert await clinic.at(NOON + 22 * HOUR) == []
    await clinic.work.handler().handle()
    assert await clinic.at(NOON + 22 * HOUR + 3 * SECOND) == []
    assert (await clinic.statuses(), await clinic.reasons()) == (
        {"a1": "confirmed"},
        {"2h": "the appointment is confirmed"},
    )


async def test_a_reminder_waits_for_texts_of_its_own_phone_alone(clinic: Clinic) -> None:
    await reminded(clinic)
    await clinic.work.receive(inbound("yes", BRUNO, received=clinic.clock()))
    assert len(await clinic.at(NOON + 22 * HOUR)) == 1


async def test_a_text_that_says_nothing_of_the_appointment_only_delays_its_reminder(clinic: Clinic) -> None:
    await reminded(clinic)
    await receive(clinic, "what a day")
    await clinic.at(NOON + 22 * HOUR)
    await clinic.work.handler().handle()
    assert len(await clinic.at(NOON + 22 * HOUR + 3 * SECOND)) == 1


async def test_a_reminder_never_closes_what_was_open_to_an_answer(clinic: Clinic) -> None:
    await reminded(clinic)
    texted_at = clinic.clock()
    await clinic.at(NOON + 22 * HOUR)
    await clinic.work.handle(inbound("CANCEL", received=texted_at))
    [contact] = await clinic.work.rows("contacts")
    assert (await clinic.statuses(), contact.opted_out) == ({"a1": "cancelled"}, False)


async def test_an_answer_by_a_clock_that_is_a_moment_behind_finds_the_appointment_open(clinic: Clinic) -> None:
    clinic = clinic.with_rules(RULES.replace("late:", "window: 1h\n  late:", 1))
    clinic.clock.now = NOON - HOUR
    await clinic.book("a1", START)
    await clinic.at(NOON)
    await clinic.work.handle(inbound("yes", received=NOON - SECOND))
    assert await clinic.statuses() == {"a1": "confirmed"}


async def test_another_system_that_asks_again_closes_nothing(clinic: Clinic) -> None:
    clinic = clinic.with_rules(RULES.replace("late:", "window: 1h\n  late:", 1))
    await clinic.book("a1", START, asked_at=NOON - HOUR)
    await receive(clinic, "yes")
    clinic.clock.advance(seconds=2)
    await clinic.book("a1", START, asked_at=clinic.clock())
    await clinic.work.handler().handle()
    assert await clinic.statuses() == {"a1": "confirmed"}


async def test_the_same_question_of_another_system_told_twice_changes_nothing(clinic: Clinic) -> None:
    asked = [
        Booking(id="a1", originator=ANNA, starts_at=START, asked_at=NOON - hours * HOUR) for hours in (3, 1, 1, 3, 2)
    ]
    changes = [await put_bookings(clinic.store.database, [booking], NOON) for booking in asked]
    assert [next(iter(change)) for change in changes] == [
        Change.NEW,
        Change.CHANGED,
        *[Change.UNCHANGED] * 2,
        Change.UNCHANGED,
    ]


async def test_a_move_makes_what_was_asked_before_void(clinic: Clinic) -> None:
    await clinic.book("a1", START, asked_at=NOON - HOUR)
    await clinic.at(NOON)
    await clinic.book("a1", START + 30 * DAY)
    [row] = await clinic.work.rows("appointments")
    assert (row.asked_at, row.last_asked_at, row.asked_from) == (None, None, "")


async def test_a_yes_in_time_confirms_though_the_worker_was_away_for_days(clinic: Clinic) -> None:
    await clinic.book("a1", START)
    await clinic.at(NOON)
    clinic.clock.now = START - 4 * HOUR
    await receive(clinic, "yes")
    clinic.clock.advance(hours=60)
    await clinic.work.handler().handle()
    assert await clinic.statuses() == {"a1": "confirmed"}


async def test_old_and_new_texts_in_one_batch_are_each_judged_by_their_arrival(clinic: Clinic) -> None:
    await clinic.book("a1", START)
    await clinic.book("b1", START + 3 * DAY, BRUNO)
    await clinic.at(NOON)
    clinic.clock.now = START - 4 * HOUR
    await receive(clinic, "yes")
    clinic.clock.advance(hours=44)
    await clinic.work.receive(
        inbound("no", BRUNO, received=clinic.clock()), inbound("no", ANNA, received=clinic.clock())
    )
    await clinic.work.handler().handle()
    assert (await clinic.statuses(), await clinic.why()) == (
        {"a1": "confirmed", "b1": "cancelled"},
        ["answers after the appointment began"],
    )


async def test_an_answer_that_came_47_hours_after_the_start_is_late_however_late_it_is_handled(clinic: Clinic) -> None:
    await clinic.book("a1", START)
    await clinic.at(NOON)
    clinic.clock.now = START + 47 * HOUR
    await receive(clinic, "no")
    clinic.clock.advance(hours=2)
    await clinic.work.handler().handle()
    assert (await clinic.texts())[-1] == "Too late, please call."
    assert await clinic.why() == ["answers after the appointment began"]


async def test_who_texts_while_on_a_list_for_a_while_is_on_it_however_late_that_is_handled(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.hears("trial")
    clinic.clock.advance(minutes=9)
    await receive(clinic, "more")
    clinic.clock.advance(minutes=9)
    await end_subscriptions(clinic.store.database, clinic.store.secret, clinic.clock())
    await clinic.work.handler().handle()
    await end_subscriptions(clinic.store.database, clinic.store.secret, clinic.clock())
    assert (await clinic.texts(), await clinic.work.lists_of(ANNA)) == (["More for you."], {"trial": "unsubscribed"})


async def test_a_list_for_a_while_is_over_for_a_text_that_comes_later_in_the_same_batch(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await receive(clinic, "trial")
    clinic.clock.advance(minutes=11)
    await receive(clinic, "more")
    await clinic.work.handler().handle()
    assert await clinic.texts() == ["Sorry?"]


async def test_a_reminder_that_is_newer_than_a_double_opt_in_takes_the_no(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.book("a1", START + DAY)
    await clinic.hears("offers")
    await clinic.at(NOON + DAY)
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("no") == ["Cancelled, ."]
    assert (await clinic.statuses(), await clinic.work.lists_of(ANNA)) == ({"a1": "cancelled"}, {"offers": "pending"})
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("yes") == ["Welcome to Offers."]


async def test_a_reminder_from_another_number_of_ours_leaves_the_answer_to_the_double_opt_in(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    clinic.sender = "+390612345678"
    await clinic.book("a1", START + DAY)
    await clinic.hears("offers")
    await clinic.at(NOON + DAY)
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("yes") == ["Welcome to Offers."]
    assert await clinic.statuses() == {"a1": "scheduled"}


async def test_two_double_opt_ins_of_one_text_are_both_answered(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.hears("all of it")
    for _ in range(2):
        clinic.clock.advance(minutes=1)
        await clinic.hears("yes")
    assert await clinic.work.lists_of(ANNA) == {"news": "subscribed", "offers": "subscribed"}


async def test_two_double_opt_ins_one_after_the_other_are_both_answered_also_in_one_batch(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    for text in ("offers", "news", "yes", "no"):
        clinic.clock.advance(minutes=1)
        await receive(clinic, text)
    await clinic.work.handler().handle()
    assert await clinic.work.lists_of(ANNA) == {"news": "subscribed", "offers": "unsubscribed"}
    assert [row.status for row in await clinic.work.rows("questions", "asked_at")] == ["answered", "answered"]


async def test_a_yes_outside_the_hours_of_its_rule_replies_and_calls(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.hears("offers")
    clinic.clock.advance(hours=20)
    assert await clinic.hears("yes") == ["Welcome to Offers."]
    assert [row.recipient for row in await clinic.work.rows("steps") if row.kind == StepKind.WEBHOOK] == ["crm"]


async def test_a_question_that_nobody_answers_ends_the_wait_with_an_event_in_the_ledger(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.hears("offers")
    clinic.clock.advance(hours=48)
    assert await end_subscriptions(clinic.store.database, clinic.store.secret, clinic.clock()) == 1
    assert await clinic.work.lists_of(ANNA) == {"offers": "unsubscribed"}
    told = [(row.event, row.channel, row.reason) for row in await clinic.work.rows("consent_events", "seq")]
    assert told[-1] == ("opt_out", "expiry", "whether they want to join was asked, and not answered in time")


async def test_each_question_stands_in_the_ledger_with_its_own_wording(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    asked = await clinic.hears("all of it")
    told = [(row.list, row.wording) for row in await clinic.work.rows("consent_events", "seq")]
    assert told == [("offers", asked[0]), ("news", asked[1])]


async def test_who_said_stop_is_asked_nothing_and_joins_by_no_later_yes(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    for text in ("STOP", "offers", "START", "yes"):
        clinic.clock.advance(minutes=1)
        await clinic.hears(text)
    assert await clinic.work.lists_of(ANNA) == {}
    assert [row.event for row in await clinic.work.rows("consent_events", "seq")] == ["opt_out", "opt_in"]


async def test_the_ledger_shows_no_wording_that_an_opt_out_held_back(clinic: Clinic) -> None:
    clinic = clinic.with_rules(
        BOTH.replace(
            "- {name: trial, when: {text: trial}, then: [",
            '- {name: trial, when: {text: trial}, then: [reply: "Hello.", ',
        )
    )
    await clinic.hears("STOP")
    clinic.clock.advance(minutes=1)
    await clinic.hears("trial")
    [*_, joined] = await clinic.work.rows("consent_events", "seq")
    assert (joined.event, joined.list, joined.wording) == ("opt_in", "trial", None)


async def test_a_question_that_waits_too_long_to_leave_is_void_and_its_list_is_left(clinic: Clinic) -> None:
    clinic = clinic.with_rules(BOTH)
    await clinic.hears("offers")
    clinic.clock.advance(hours=7)
    await drop_late(clinic.store.database, clinic.clock())
    assert await clinic.hears("yes") == ["Sorry?"]
    await end_subscriptions(clinic.store.database, clinic.store.secret, clinic.clock())
    assert [row.status for row in await clinic.work.rows("questions")] == ["void"]
    assert await clinic.work.lists_of(ANNA) == {"offers": "unsubscribed"}


async def test_a_list_to_choose_from_that_is_suppressed_when_it_would_leave_is_void(clinic: Clinic) -> None:
    for name, hours in (("a1", 24), ("a2", 26)):
        await clinic.book(name, NOON + hours * HOUR, asked_at=NOON - HOUR)
    await clinic.hears("yes")
    clinic.clock.advance(hours=7)
    assert await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 10) == []
    assert [row.status for row in await clinic.work.rows("questions")] == ["void"]


async def test_a_digit_is_no_choice_from_a_list_that_never_left(clinic: Clinic) -> None:
    for name, hours in (("a1", 24), ("a2", 26)):
        await clinic.book(name, NOON + hours * HOUR, asked_at=NOON - HOUR)
    asked = await clinic.hears("no")
    clinic.clock.advance(hours=7)
    await drop_late(clinic.store.database, clinic.clock())
    assert asked != await clinic.hears("1") == ["Which one do you confirm?\n1 24/11 13:00\n2 24/11 15:00\nor ALL?"]


async def test_a_list_that_a_stop_held_back_is_void(clinic: Clinic) -> None:
    for name, hours in (("a1", 24), ("a2", 26)):
        await clinic.book(name, NOON + hours * HOUR, asked_at=NOON - HOUR)
    await clinic.hears("yes")
    clinic.clock.advance(minutes=1)
    await clinic.hears("STOP")
    await clinic.store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 10)
    assert [row.status for row in await clinic.work.rows("questions")] == ["void"]


async def test_a_list_that_a_stop_of_the_same_batch_held_back_is_no_list_to_what_comes_behind(clinic: Clinic) -> None:
    for name, hours in (("a1", 24), ("a2", 26)):
        await clinic.book(name, NOON + hours * HOUR, asked_at=NOON - HOUR)
    texts = ("no", "STOP", "START", "1")
    received = [inbound(text, received=NOON + timedelta(seconds=number)) for number, text in enumerate(texts)]
    await clinic.work.handle(*received)
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "scheduled"}


async def test_a_list_of_an_earlier_batch_that_a_stop_takes_back_is_no_list_to_what_comes_behind(
    clinic: Clinic,
) -> None:
    for name, hours in (("a1", 24), ("a2", 26)):
        await clinic.book(name, NOON + hours * HOUR, asked_at=NOON - HOUR)
    await clinic.work.handle(inbound("no", received=NOON))
    texts = ("STOP", "START", "1")
    await clinic.work.handle(
        *(inbound(text, received=NOON + timedelta(seconds=at)) for at, text in enumerate(texts, 1))
    )
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "scheduled"}


async def test_a_reminder_that_never_left_asked_nothing(clinic: Clinic) -> None:
    clinic = clinic.with_rules(RULES.replace("late:", "window: 1h\n  late:", 1))
    await clinic.book("a1", START)
    await clinic.at(NOON)
    clinic.clock.advance(hours=5)
    await drop_late(clinic.store.database, clinic.clock())
    assert await clinic.hears("yes") == ["Sorry?"]
    [row] = await clinic.work.rows("appointments")
    assert (row.asked_at, row.last_asked_at) == (None, None)


async def test_a_reminder_that_never_left_leaves_open_what_an_earlier_one_opened(clinic: Clinic) -> None:
    await reminded(clinic)
    await clinic.store.steps.claim(StepKind.REPLY, "w", NOON, 10)
    await clinic.at(NOON + 22 * HOUR)
    clinic.clock.advance(minutes=31)
    await drop_late(clinic.store.database, clinic.clock())
    [row] = await clinic.work.rows("appointments")
    assert NOON - 10 * SECOND < row.asked_at <= NOON
    assert row.last_asked_at is None


async def test_every_line_of_a_history_has_a_number_of_its_own(clinic: Clinic) -> None:
    await clinic.book("a1", START)
    await clinic.at(NOON + 21 * HOUR)
    await clinic.at(NOON + 22 * HOUR)
    await clinic.hears("yes")
    numbers = [event.number for event in await read_history(clinic.store.database, "a1")]
    [row] = await clinic.work.rows("appointments")
    assert (numbers, row.version) == (list(range(1, len(numbers) + 1)), len(numbers))


async def test_an_erased_number_is_not_reminded(clinic: Clinic) -> None:
    await clinic.book("a1", START)
    await erase(clinic.store.database, clinic.store.secret, ANNA, "Ada", NOON)
    await clinic.book("a1", START)
    assert await clinic.at(NOON) == []
    assert await clinic.reasons() == {"1d": "the number was erased"}
