"""Changes by hand are weighed against a text by its arrival; answers they overtake go to a person."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.changes import OVERTAKEN
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.messages import explained
from responder.rulefile import read_rules
from responder.store.appointments.bookings import API, delete_appointment, put_bookings
from responder.store.consent.erasure import erase
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.handoffs.closing import Closing, close
from responder.store.outbound.claims import Fate
from responder.store.reading.records import message_from
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import NOON
from tests.worker.conftest import RULES, Work

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
ON, OFF = SubscriptionStatus.SUBSCRIBED, SubscriptionStatus.UNSUBSCRIBED
REVIEW = "b" * 32


async def put(work: Work, status: SubscriptionStatus = ON, name: str = "news", **other: Any) -> None:
    wanted = SubscriberChange(originator=ANNA, list=name, status=status, **other)
    await put_subscribers(work.store.database, work.store.secret, [wanted], operator="mia", now=work.clock())


async def remove(work: Work) -> None:
    await opt_out(work.store.database, work.store.secret, ANNA, reason="by phone", operator="mia", now=work.clock())


async def book(
    work: Work, starts_at: datetime = NOON + timedelta(days=1), originator: str = ANNA, id_: str = "a1"
) -> None:
    await put_bookings(work.store.database, [Booking(id=id_, originator=originator, starts_at=starts_at)], work.clock())


async def delete(work: Work, id_: str = "a1") -> None:
    await delete_appointment(work.store.database, id_, work.clock(), by=API)


async def say(work: Work, text: str, behind: timedelta = timedelta(), **other: Any) -> None:
    """A text that comes in now, and that the gateway's clock says was sent so much earlier."""
    await work.handle(inbound(text, sent=work.clock() - behind, received=work.clock(), **other))


async def wait(work: Work, text: str) -> None:
    """A text that comes in now and waits for a worker, five seconds while something else happens."""
    await work.receive(inbound(text, sent=work.clock(), received=work.clock()))
    work.clock.advance(seconds=5)


async def is_opted_out(work: Work) -> bool:
    (contact,) = await work.rows("contacts")
    return bool(contact.opted_out)


async def why(work: Work) -> list[str]:
    """Why persons have been asked."""
    return [row.reason for row in await work.rows("handoffs", "opened_at")]


async def status(work: Work, id_: str = "a1") -> str:
    (row,) = [row for row in await work.rows("appointments") if row.id == id_]
    return str(row.status)


async def last(work: Work) -> Any:
    return (await work.rows("messages", "seq"))[-1]


@pytest.mark.parametrize("behind", [timedelta(), HOUR])
@pytest.mark.parametrize("text", ["News OFF", "STOP news", "STOP"])
async def test_an_opt_out_that_comes_after_an_import_takes_the_number_off(
    work: Work, text: str, behind: timedelta
) -> None:
    await put(work)
    work.clock.advance(minutes=10)
    await say(work, text, behind)
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert (len(await work.replies()), (await last(work)).is_superseded) == (1, False)


@pytest.mark.parametrize("text", ["News OFF", "STOP news", "STOP"])
async def test_an_opt_out_that_waits_while_a_file_is_imported_takes_the_number_off(work: Work, text: str) -> None:
    await wait(work, text)
    await put(work, since=NOON - timedelta(days=300))
    await work.handler().handle()
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert await is_opted_out(work) == (text == "STOP")


async def test_a_no_to_a_double_opt_in_that_waits_while_a_file_is_imported_takes_the_number_off(work: Work) -> None:
    work.rules = read_rules(
        RULES.replace("offers: {title: Offers}", "offers: {title: Offers, double_opt_in: true}"), "rules.yaml", {}
    )
    await say(work, "Offers ON")
    work.clock.advance(minutes=1)
    await wait(work, "no")
    await put(work, name="offers")
    await work.handler().handle()
    assert await work.lists_of(ANNA) == {"offers": "unsubscribed"}


async def test_a_yes_to_a_double_opt_in_after_a_file_was_imported_is_carried_out(work: Work) -> None:
    source = RULES.replace("offers: {title: Offers}", "offers: {title: Offers, double_opt_in: true}")
    work.rules = read_rules(
        source.replace("- subscribe: offers", "- subscribe: offers\n      - webhook: crm"), "rules.yaml", {}
    )
    await say(work, "Offers ON")
    work.clock.advance(minutes=1)
    await put(work, name="offers")
    work.clock.advance(minutes=1)
    await say(work, "yes")
    assert await work.lists_of(ANNA) == {"offers": "subscribed"}
    assert [row.kind for row in await work.rows("steps", "seq")] == ["reply", "webhook"]


@pytest.mark.parametrize("act", ["import", "remove"])
async def test_a_yes_to_a_double_opt_in_that_is_overtaken_goes_to_a_person(work: Work, act: str) -> None:
    work.rules = read_rules(
        RULES.replace("offers: {title: Offers}", "offers: {title: Offers, double_opt_in: true}"), "rules.yaml", {}
    )
    await say(work, "Offers ON")
    work.clock.advance(minutes=1)
    await wait(work, "yes")
    await (remove(work) if act == "remove" else put(work, OFF, "offers"))
    await work.handler().handle()
    assert (await work.lists_of(ANNA), await why(work)) == ({"offers": "unsubscribed"}, [OVERTAKEN])


async def test_an_import_does_not_make_an_older_opt_out_newer_than_a_newer_text(work: Work) -> None:
    await say(work, "News ON")
    work.clock.advance(minutes=10)
    await put(work, OFF)
    await put(work, OFF, "offers")
    work.clock.advance(minutes=10)
    await say(work, "News OFF", behind=timedelta(minutes=30))
    assert (await last(work)).is_superseded


@pytest.mark.parametrize(
    ("text", "lists"), [("News ON", {"news": "subscribed"}), ("News OFF", {"news": "unsubscribed"})]
)
async def test_a_text_that_comes_after_what_was_done_by_hand_acts(work: Work, text: str, lists: dict[str, str]) -> None:
    await put(work, OFF if text == "News ON" else ON)
    work.clock.advance(seconds=1)
    await say(work, text)
    assert (await work.lists_of(ANNA), await why(work)) == (lists, [])


async def test_a_text_that_comes_in_the_very_moment_of_the_act_acts(work: Work) -> None:
    await put(work, OFF)
    await say(work, "News ON")
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


@pytest.mark.parametrize("behind", [MOMENT, HOUR])
async def test_a_text_that_was_sent_before_the_act_and_came_after_it_goes_to_a_person_and_changes_nothing(
    work: Work, behind: timedelta
) -> None:
    await put(work, OFF)
    await say(work, "News ON", behind)
    assert (await work.lists_of(ANNA), await why(work), await work.replies()) == (
        {"news": "unsubscribed"},
        [OVERTAKEN],
        [],
    )


async def test_a_text_that_waits_while_a_person_takes_the_number_off_goes_to_a_person_and_changes_nothing(
    work: Work,
) -> None:
    await wait(work, "News ON")
    await put(work, OFF)
    await work.handler().handle()
    assert (await work.lists_of(ANNA), await why(work), await work.replies()) == (
        {"news": "unsubscribed"},
        [OVERTAKEN],
        [],
    )


async def test_what_is_overtaken_is_told_to_webhooks_and_in_the_explanation(work: Work) -> None:
    await put(work, OFF)
    await say(work, "News ON", HOUR)
    (call,) = [json.loads(row.content) for row in await work.rows("steps") if row.kind == StepKind.WEBHOOK]
    row = await last(work)
    told = explained(message_from(row), None, row.explanation).steps
    assert call["data"]["superseded"] is True
    assert {"action": "none", "note": "not done: a person changed it at 2026-11-23T12:00:00Z"} in told
    assert "not sent: a person changed it at 2026-11-23T12:00:00Z" in [step.get("note") for step in told]


async def test_a_file_with_old_evidence_overtakes_no_text_since(work: Work) -> None:
    await wait(work, "News ON")
    await put(work, OFF, since=NOON - timedelta(days=300))
    await work.handler().handle()
    assert (await work.lists_of(ANNA), await why(work)) == ({"news": "subscribed"}, [])


async def test_a_start_after_an_opt_out_by_hand_opts_in(work: Work) -> None:
    await remove(work)
    work.clock.advance(seconds=1)
    await say(work, "START")
    assert not await is_opted_out(work)


async def test_a_start_that_was_sent_before_an_opt_out_by_hand_goes_to_a_person(work: Work) -> None:
    await remove(work)
    work.clock.advance(minutes=10)
    await say(work, "START", HOUR)
    assert (await is_opted_out(work), await why(work)) == (True, [OVERTAKEN])


async def test_a_start_that_waits_while_a_person_opts_out_whoever_has_said_stop_before_goes_to_a_person(
    work: Work,
) -> None:
    await say(work, "STOP")
    work.clock.advance(minutes=1)
    await wait(work, "START")
    await remove(work)
    await work.handler().handle()
    assert (await is_opted_out(work), await why(work)) == (True, [OVERTAKEN])


async def test_a_start_that_waits_while_a_hand_off_turns_out_to_be_a_stop_goes_to_a_person(work: Work) -> None:
    await say(work, "I want you to stop", key=REVIEW)
    await wait(work, "START")
    await close(
        work.store.database, work.store.secret, REVIEW, Closing(operator="mia", opts_out=True), now=work.clock()
    )
    await work.handler().handle()
    assert (await is_opted_out(work), (await why(work))[1:]) == (True, [OVERTAKEN])


async def refuse(work: Work) -> None:
    """The gateway says of the reply in hand that the number is blocked."""
    (claimed,) = [step for step in await work.rows("steps") if step.status == StepStatus.SENDING]
    fate = Fate(key=claimed.key, status=StepStatus.DEAD, error="blocked", is_blocked=True)
    await work.store.steps.record([fate], "w", work.clock())


@pytest.mark.parametrize("behind", [timedelta(), HOUR])
async def test_a_block_that_is_told_of_late_does_not_outvote_a_start_since_the_text_was_written(
    work: Work, behind: timedelta
) -> None:
    await say(work, "News ON", behind)
    await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)
    work.clock.advance(seconds=10)
    await say(work, "START", behind)
    await refuse(work)
    assert not await is_opted_out(work)


async def test_a_start_that_waits_while_a_block_is_told_of_opts_in(work: Work) -> None:
    await say(work, "News ON")
    await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)
    work.clock.advance(seconds=10)
    await wait(work, "START")
    await refuse(work)
    assert await is_opted_out(work)
    await work.handler().handle()
    assert not await is_opted_out(work)


async def test_a_list_that_was_joined_after_a_blocked_text_was_written_stays(work: Work) -> None:
    await say(work, "News ON", HOUR)
    await work.store.steps.claim(StepKind.REPLY, "w", work.clock(), 10)
    work.clock.advance(seconds=10)
    await say(work, "Offers ON", HOUR)
    await refuse(work)
    assert await work.lists_of(ANNA) == {"news": "unsubscribed", "offers": "subscribed"}


async def test_a_start_from_before_an_erasure_does_not_opt_in(work: Work) -> None:
    await say(work, "STOP")
    work.clock.advance(minutes=5)
    await erase(work.store.database, work.store.secret, ANNA, "mia", work.clock())
    work.clock.advance(minutes=1)
    await say(work, "START", behind=timedelta(minutes=11))
    assert await is_opted_out(work)


async def test_a_start_from_after_an_erasure_opts_in(work: Work) -> None:
    await erase(work.store.database, work.store.secret, ANNA, "mia", work.clock())
    work.clock.advance(minutes=1)
    await say(work, "START")
    assert not await is_opted_out(work)


@pytest.mark.parametrize("text", ["News ON", "my name is Ann"])
async def test_a_text_from_before_an_erasure_brings_nothing_back_though_a_start_came_since(
    work: Work, text: str
) -> None:
    await erase(work.store.database, work.store.secret, ANNA, "mia", work.clock())
    work.clock.advance(minutes=1)
    await say(work, "START")
    work.clock.advance(minutes=1)
    await say(work, text, behind=timedelta(minutes=5))
    (contact,) = await work.rows("contacts")
    assert (await work.lists_of(ANNA), contact.fields, await why(work)) == ({}, "{}", [OVERTAKEN])


async def test_the_last_of_two_erasures_counts(work: Work) -> None:
    await erase(work.store.database, work.store.secret, ANNA, "mia", work.clock())
    work.clock.advance(minutes=10)
    await erase(work.store.database, work.store.secret, ANNA, "mia", work.clock())
    work.clock.advance(minutes=1)
    await say(work, "START", behind=timedelta(minutes=5))
    assert await is_opted_out(work)


@pytest.mark.parametrize("behind", [timedelta(), timedelta(seconds=1), HOUR])
async def test_a_new_appointment_is_no_word_so_that_an_answer_to_it_counts(work: Work, behind: timedelta) -> None:
    await book(work)
    await say(work, "yes", behind)
    assert (await status(work), await why(work)) == ("confirmed", [])


async def test_details_of_an_appointment_are_no_word(work: Work) -> None:
    await book(work)
    await wait(work, "yes")
    await put_bookings(
        work.store.database,
        [Booking(id="a1", originator=ANNA, starts_at=NOON + timedelta(days=1), name="Anna")],
        work.clock(),
    )
    await work.handler().handle()
    assert await status(work) == "confirmed"


@pytest.mark.parametrize("days", [2, 60])
async def test_an_answer_that_waits_while_the_appointment_is_moved_goes_to_a_person(work: Work, days: int) -> None:
    await book(work)
    await wait(work, "yes")
    await book(work, NOON + timedelta(days=days))
    await work.handler().handle()
    assert (await status(work), await why(work), await work.replies()) == ("scheduled", [OVERTAKEN], [])


@pytest.mark.parametrize("days", [2, 60])
async def test_an_answer_from_before_a_move_that_comes_after_it_goes_to_a_person(work: Work, days: int) -> None:
    await book(work)
    await book(work, NOON + timedelta(days=days))
    work.clock.advance(minutes=10)
    await say(work, "yes", HOUR)
    assert (await status(work), await why(work)) == ("scheduled", [OVERTAKEN])


async def test_an_answer_after_a_move_is_about_the_new_time(work: Work) -> None:
    await book(work)
    await book(work, NOON + timedelta(days=2))
    work.clock.advance(seconds=1)
    await say(work, "yes")
    assert (await status(work), await why(work)) == ("confirmed", [])


@pytest.mark.parametrize("text", ["yes", "ok, thanks", "CANCEL", "no"])
async def test_an_answer_that_waits_while_the_appointment_is_deleted_goes_to_a_person(work: Work, text: str) -> None:
    await book(work)
    await wait(work, text)
    await delete(work)
    await work.handler().handle()
    assert (await why(work), await is_opted_out(work)) == ([OVERTAKEN], False)


async def test_an_answer_that_waits_while_the_appointment_becomes_another_number_s_goes_to_a_person(work: Work) -> None:
    await book(work)
    await wait(work, "yes")
    await book(work, originator=BRUNO)
    await work.handler().handle()
    assert (await status(work), await why(work)) == ("scheduled", [OVERTAKEN])


async def test_an_answer_that_waits_is_not_taken_for_one_to_the_appointment_that_is_left(work: Work) -> None:
    await book(work)
    await book(work, id_="a2")
    await wait(work, "yes")
    await delete(work)
    await work.handler().handle()
    assert (await status(work, "a2"), await why(work)) == ("scheduled", [OVERTAKEN])


async def test_a_choice_from_a_list_that_waits_counts_though_another_of_the_list_is_moved(work: Work) -> None:
    await book(work)
    await book(work, id_="a2", starts_at=NOON + timedelta(days=2))
    await say(work, "yes")
    work.clock.advance(minutes=1)
    await wait(work, "1")
    await book(work, id_="a2", starts_at=NOON + timedelta(days=3))
    await work.handler().handle()
    assert (await status(work), await status(work, "a2"), await why(work)) == ("confirmed", "scheduled", [])


async def test_a_subscription_for_a_while_is_counted_from_the_arrival(work: Work) -> None:
    work.rules = read_rules(
        RULES.replace("- subscribe: news\n", "- subscribe: {list: news, for: 30m}\n", 1), "rules.yaml", {}
    )
    await say(work, "News ON", HOUR)
    (row,) = await work.rows("subscriptions")
    assert row.ends_at == NOON + timedelta(minutes=30)


async def test_leaving_all_lists_to_join_one_is_no_word_against_that_one(work: Work) -> None:
    only = "\n  - {name: only, when: {text: Only news}, then: [unsubscribe: all, subscribe: news]}\nfallback:"
    work.rules = read_rules(RULES.replace("\nfallback:", only), "rules.yaml", {})
    await wait(work, "Only news")
    await put(work)
    await work.handle()
    assert await work.lists_of(ANNA) == {"news": "subscribed"}
