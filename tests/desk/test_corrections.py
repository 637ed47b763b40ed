"""What a person of ours or an import did by mistake is taken back with a reason; what a number said is not."""

from datetime import timedelta

import pytest

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.effects import StepKind
from responder.core.contact.known import SubscriptionStatus
from responder.desk.appointments import put_appointment
from responder.desk.consent import correct_opt_out, opt_out_number, put_subscriber, show_consent, verify_ledger
from responder.desk.desk import Desk, Invalid, Missing, Refused
from responder.desk.files import import_subscribers
from responder.rulefile import read_rules
from responder.store.consent.subscribers import put_subscribers
from tests.builders import ANNA, BRUNO, inbound
from tests.desk.test_board import remind, reminders_of
from tests.worker.conftest import Work

AMERICAN = "+12025550123"
REMINDED = "version: 1\nappointments: {reminders: [{before: 1d, text: Tomorrow!}]}\nfallback: {then: [hand_off: unrecognised]}\n"


async def join(desk: Desk, originator: str = ANNA, name: str = "news") -> None:
    await put_subscriber(desk, originator, name, joins=True, operator="Mara", evidence="form")


async def leave(desk: Desk, originator: str = ANNA, name: str = "news") -> None:
    await put_subscriber(desk, originator, name, joins=False, operator="Mara")


async def correct(desk: Desk, originator: str = ANNA) -> list[str]:
    return list(await correct_opt_out(desk, originator, reason="wrong person", operator="Ugo"))


async def test_a_removal_from_a_list_is_taken_back(work: Work, desk: Desk) -> None:
    await join(desk)
    await leave(desk)
    assert await correct(desk) == ["news"]
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_the_correction_is_an_event_of_the_ledger_with_who_and_why(desk: Desk) -> None:
    await join(desk)
    await leave(desk)
    await correct(desk)
    events, _ = await show_consent(desk, ANNA)
    last = events[-1].as_json()
    assert (last["event"], last["list"], last["operator"], last["reason"]) == (
        "corrected",
        "news",
        "Ugo",
        "wrong person",
    )
    assert (await verify_ledger(desk)).faults == ()


async def test_what_an_import_took_is_taken_back(work: Work, desk: Desk) -> None:
    await join(desk)
    gone = SubscriberChange(originator=ANNA, list="news", status=SubscriptionStatus.UNSUBSCRIBED, evidence="file")
    await put_subscribers(desk.database, desk.secret, [gone], operator="Mara", now=desk.clock())
    assert await correct(desk) == ["news"]
    assert await work.lists_of(ANNA) == {"news": "subscribed"}


async def test_a_removal_from_everything_is_taken_back_with_its_lists(work: Work, desk: Desk) -> None:
    await join(desk)
    await opt_out_number(desk, ANNA, operator="Mara")
    assert await correct(desk) == ["news"]
    assert [row.opted_out for row in await work.rows("contacts")] == [False]


async def test_a_number_that_was_never_on_a_list_is_not_taken_off_it(work: Work, desk: Desk) -> None:
    with pytest.raises(Missing, match="was never on the list news, so nothing was recorded"):
        await leave(desk)
    assert (await work.lists_of(ANNA), await work.rows("consent_events"), await work.rows("contacts")) == ({}, [], [])


async def test_a_number_is_not_put_on_a_list_that_it_never_was_on(work: Work, desk: Desk) -> None:
    left = SubscriberChange(originator=ANNA, list="news", status=SubscriptionStatus.UNSUBSCRIBED)
    await import_subscribers(desk, [left], operator="Mara", dry_run=False, advance=lambda _count: None)
    with pytest.raises(Refused, match="nothing to take back"):
        await correct(desk)
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}


async def test_what_the_number_said_itself_is_final(work: Work, desk: Desk) -> None:
    await work.handle(inbound("News ON"), inbound("News OFF"))
    with pytest.raises(Refused, match="nothing to take back"):
        await correct(desk)


async def test_a_stop_after_a_slip_is_final_too(work: Work, desk: Desk) -> None:
    await join(desk)
    await leave(desk)
    await work.handle(inbound("STOP"))
    with pytest.raises(Refused, match="only its own START"):
        await correct(desk)
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}


async def test_another_number_and_another_list_stay_as_they_are(work: Work, desk: Desk) -> None:
    await join(desk)
    await join(desk, BRUNO)
    await leave(desk)
    await leave(desk, BRUNO)
    await correct(desk)
    assert await work.lists_of(BRUNO) == {"news": "unsubscribed"}


async def test_never_for_american_numbers(desk: Desk) -> None:
    await join(desk, AMERICAN)
    await leave(desk, AMERICAN)
    with pytest.raises(Refused, match=r"\+1"):
        await correct(desk, AMERICAN)


async def test_a_reason_is_needed(desk: Desk) -> None:
    with pytest.raises(Invalid, match="reason"):
        await correct_opt_out(desk, ANNA, reason=" ", operator="Ugo")


async def test_reminders_that_an_opt_out_ended_are_planned_anew(work: Work, desk: Desk) -> None:
    work.rules = read_rules(REMINDED, "rules.yaml", {})
    visit = desk.clock() + timedelta(days=3)
    await put_appointment(desk, Booking(id="a1", originator=ANNA, starts_at=visit))
    await work.handle(inbound("please stop texting me", received=desk.clock()))
    work.clock.now = visit - timedelta(days=1)
    await remind(work, desk)
    ended = await reminders_of(desk)
    await correct(desk)
    await remind(work, desk)
    sent = [row.content for row in await work.rows("steps", "seq") if row.kind == StepKind.REPLY]
    assert (ended["1d"][0], (await reminders_of(desk))["1d"][0], sent[-1]) == ("dropped", "sent", "Tomorrow!")
