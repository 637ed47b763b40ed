"""Conversations between a clinic and its patients, over several messages and by a clock."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from responder.core.contact.effects import StepKind
from responder.core.sms.text import size
from responder.store.inbox.questions import read_questions
from tests.appointments.clinic import RULES, Clinic
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes

ROME = ZoneInfo("Europe/Rome")
DAY = timedelta(days=1)
NINE = datetime(2026, 11, 27, 9, 30, tzinfo=ROME).astimezone(UTC)
WHICH = "Which one do you confirm?\n1 27/11 09:30 Anna\n2 27/11 10:30 Bruno\nor ALL?"


async def family(clinic: Clinic) -> None:
    """Two appointments on one phone, of which it was reminded."""
    await clinic.book("a1", NINE, name="Anna")
    await clinic.book("a2", NINE + minutes(60), name="Bruno")
    clinic.clock.now = NINE - DAY + minutes(60)
    await clinic.reminders().queue()


async def webhooks(clinic: Clinic) -> list[dict[str, object]]:
    """What the clinic's own system was told of appointments."""
    rows = [row for row in await clinic.work.rows("steps", "seq") if row.kind == StepKind.WEBHOOK]
    return [json.loads(row.content)["data"]["appointment"] for row in rows]


async def test_a_patient_is_reminded_confirms_and_changes_their_mind(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, name="Anna")
    assert len(await clinic.at(NINE - DAY)) == 1
    assert await clinic.hears("Sì, grazie!") == ["See you, Anna."]
    clinic.clock.advance(hours=2)
    assert await clinic.hears("no sorry, can't") == ["Cancelled, Anna."]
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("yes") == ["A person will read this."]
    assert await clinic.statuses() == {"a1": "cancelled"}
    assert await clinic.why() == [
        "cancelled after it was confirmed",
        "confirms an appointment that was cancelled before",
    ]


async def test_each_change_is_told_with_its_number_and_both_statuses(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, name="Anna")
    await clinic.at(NINE - DAY)
    await clinic.hears("yes")
    clinic.clock.advance(minutes=5)
    await clinic.hears("no")
    told = [(one["old_status"], one["status"], one["sequence"]) for one in await webhooks(clinic)]
    assert told == [("scheduled", "confirmed", 3), ("confirmed", "cancelled", 4)]


async def test_a_family_phone_is_asked_which_one_and_both_are_answered(clinic: Clinic) -> None:
    await family(clinic)
    assert await clinic.hears("yes") == [WHICH]
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("1 e 2") == ["See you, Anna.\nSee you, Bruno."]
    assert await clinic.statuses() == {"a1": "confirmed", "a2": "confirmed"}
    assert [(one["id"], one["status"]) for one in await webhooks(clinic)] == [("a1", "confirmed"), ("a2", "confirmed")]
    assert [row.rule for row in await clinic.work.rows("messages", "seq")] == ["question", "question"]


async def test_one_of_two_is_cancelled_and_the_other_stays(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("disdico")
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("2") == ["Cancelled, Bruno."]
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "cancelled"}


async def test_a_second_number_after_the_answer_is_for_a_person(clinic: Clinic) -> None:
    await family(clinic)
    for text in ("yes", "1", "2"):
        clinic.clock.advance(minutes=1)
        await clinic.hears(text)
    assert await clinic.statuses() == {"a1": "confirmed", "a2": "scheduled"}
    assert await clinic.why() == ["answers a question that is closed"]


async def test_the_list_is_closed_by_the_answer_in_the_record(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("yes")
    clinic.clock.advance(minutes=5)
    await clinic.hears("all")
    [row] = await clinic.work.rows("questions")
    assert (row.status, row.closed_at, row.destination) == ("answered", clinic.clock(), SHOP)


async def test_another_intention_asks_anew_and_the_old_list_is_void(clinic: Clinic) -> None:
    await family(clinic)
    for text in ("yes", "no", "1"):
        clinic.clock.advance(minutes=1)
        await clinic.hears(text)
    assert [row.status for row in await clinic.work.rows("questions", "asked_at")] == ["replaced", "answered"]
    assert await clinic.statuses() == {"a1": "cancelled", "a2": "scheduled"}


async def test_a_number_for_an_appointment_that_was_moved_since_is_for_a_person(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("yes")
    await clinic.book("a1", NINE + 5 * DAY, name="Anna")
    clinic.clock.advance(minutes=5)
    await clinic.hears("1")
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "scheduled"}
    assert await clinic.why() == ["chose an appointment that was moved, has begun or is no more"]


async def test_the_number_of_a_list_never_confirms_the_only_one_that_is_left(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("no")
    await clinic.book("a1", NINE + 60 * DAY, name="Anna")
    await clinic.book("a2", NINE + 61 * DAY, name="Bruno")
    await clinic.book("a3", NINE + minutes(90), name="Carla")
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("1") == ["A person will read this."]
    assert set((await clinic.statuses()).values()) == {"scheduled"}


async def test_a_list_expires_and_its_numbers_with_it(clinic: Clinic) -> None:
    await clinic.book("a1", NINE + 6 * DAY, name="Anna", asked_at=NINE - 3 * DAY)
    await clinic.book("a2", NINE + 6 * DAY, name="Bruno", asked_at=NINE - 3 * DAY)
    clinic.clock.now = NINE - DAY
    await clinic.hears("yes")
    clinic.clock.advance(hours=49)
    await clinic.hears("1")
    assert await clinic.why() == ["answers a question that is closed"]


async def test_nine_appointments_are_listed_in_one_segment(clinic: Clinic) -> None:
    for number in range(11):
        await clinic.book(f"a{number}", NINE + minutes(10 * number), name="Francesca Bianchi", service="Physiotherapy")
    clinic.clock.now = NINE - DAY
    [text] = await clinic.hears("yes")
    assert text.split("\n")[1:-1] == [
        f"{number} 27/11 {9 + (20 + 10 * number) // 60:02}:{(20 + 10 * number) % 60:02}" for number in range(1, 10)
    ]
    assert size(text).segments == 1


async def test_an_unclear_answer_is_told_once_and_handed_over_each_time(clinic: Clinic) -> None:
    await clinic.book("a1", NINE)
    await clinic.at(NINE - DAY)
    heard = []
    for text in ("Yes but can't at 9", "si o no", "Sì ma arrivo tardi"):
        clinic.clock.advance(minutes=1)
        heard.append(await clinic.hears(text))
    assert heard == [["A person will read this."], [], []]
    assert await clinic.why() == ["unclear answer while an appointment is open"] * 3
    clinic.clock.advance(minutes=1)
    assert await clinic.hears("yes") == ["See you, ."]


async def test_a_late_answer_is_told_so_and_handed_over(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, asked_at=NINE - DAY)
    clinic.clock.now = NINE + timedelta(hours=47)
    assert await clinic.hears("yes") == ["Too late, please call."]
    assert (await clinic.statuses(), await clinic.why()) == (
        {"a1": "scheduled"},
        ["answers after the appointment began"],
    )
    clinic.clock.now = NINE + timedelta(hours=48)
    assert await clinic.hears("yes") == ["Sorry?"]


async def test_an_answer_after_the_start_is_not_taken_for_the_next_visit(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, asked_at=NINE - DAY)
    await clinic.book("a2", NINE + 5 * DAY)
    clinic.clock.now = NINE + minutes(30)
    assert await clinic.hears("no") == ["Too late, please call."]
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "scheduled"}


async def test_an_appointment_that_moves_between_reminder_and_answer_is_not_confirmed_by_it(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, name="Anna")
    await clinic.at(NINE - DAY)
    await clinic.book("a1", NINE + 30 * DAY, name="Anna")
    clinic.clock.advance(minutes=5)
    assert await clinic.hears("yes") == ["Sorry?"]
    assert await clinic.statuses() == {"a1": "scheduled"}


async def test_an_answer_that_was_texted_before_the_move_and_comes_after_it_changes_nothing(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, name="Anna")
    await clinic.at(NINE - DAY)
    texted_at = clinic.clock()
    clinic.clock.advance(minutes=5)
    await clinic.book("a1", NINE + minutes(60), name="Anna")
    await clinic.work.handle(inbound("yes", sent=texted_at, received=clinic.clock() + minutes(1)))
    assert await clinic.statuses() == {"a1": "scheduled"}


async def test_an_answer_at_midnight_is_about_the_appointment_of_the_day_that_begins(clinic: Clinic) -> None:
    early = datetime(2026, 11, 27, 0, 0, tzinfo=ROME).astimezone(UTC)
    await clinic.book("a1", early, asked_at=early - DAY)
    clinic.clock.now = early - timedelta(seconds=1)
    assert await clinic.hears("yes") == ["See you, ."]
    clinic.clock.now = early
    assert await clinic.hears("no") == ["Too late, please call."]


async def test_in_the_night_of_the_clock_change_the_list_tells_the_hours_on_the_wall(clinic: Clinic) -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 2:30 in summer time
    clinic.clock.now = first - DAY
    await clinic.book("a1", first, name="Anna", asked_at=first - DAY)
    await clinic.book("a2", first + minutes(60), name="Bruno", asked_at=first - DAY)  # 2:30 again
    clinic.clock.now = first - minutes(60)
    assert await clinic.hears("yes") == ["Which one do you confirm?\n1 25/10 02:30 Anna\n2 25/10 02:30 Bruno\nor ALL?"]
    clinic.clock.advance(minutes=5)
    await clinic.hears("2")
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "confirmed"}


async def test_two_workers_that_get_two_replies_of_one_phone_at_once_answer_each_once(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("yes")
    clinic.clock.advance(minutes=5)
    replies = [inbound("1", received=clinic.clock()), inbound("2", received=clinic.clock() + timedelta(seconds=1))]
    await clinic.work.receive(*replies)
    clinic.clock.advance(minutes=1)
    await asyncio.gather(*(clinic.work.handler().handle() for _ in range(2)))
    assert await clinic.statuses() == {"a1": "confirmed", "a2": "scheduled"}
    assert (await clinic.texts()).count("See you, Anna.") == 1
    assert await clinic.why() == ["answers a question that is closed"]


async def test_two_phones_with_one_appointment_each_do_not_meet(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, asked_at=NINE - DAY, name="Anna")
    await clinic.book("b1", NINE, BRUNO, asked_at=NINE - DAY, name="Bruno")
    clinic.clock.now = NINE - minutes(60)
    assert (await clinic.hears("yes"), await clinic.hears("no", BRUNO)) == (["See you, Anna."], ["Cancelled, Bruno."])


async def test_an_american_who_cancels_gets_no_more_texts_and_a_person_sees_to_the_appointment(clinic: Clinic) -> None:
    number = "+12025550123"
    await clinic.book("a1", NINE, number, asked_at=NINE - DAY)
    clinic.clock.now = NINE - minutes(60)
    [text] = await clinic.hears("CANCEL", number)
    assert "appointment" not in text.lower()
    assert (await clinic.statuses(), await clinic.why()) == ({"a1": "scheduled"}, ["wants to cancel"])


async def test_a_question_without_a_rule_for_the_answer_is_for_a_person(clinic: Clinic) -> None:
    await family(clinic)
    assert await clinic.hears("another day") == ["A person will read this."]


async def test_who_said_stop_is_asked_nothing(clinic: Clinic) -> None:
    await family(clinic)
    await clinic.hears("STOP")
    clinic.clock.advance(minutes=5)
    await clinic.hears("yes")
    async with clinic.store.database.read() as connection:
        assert await read_questions(connection, [ANNA], clinic.clock()) == {}


async def test_a_file_may_have_its_own_words_for_the_list(clinic: Clinic) -> None:
    own = clinic.with_rules(
        RULES.replace("late:", 'which: {en: "Choose: {{ choices }}", it: "Scegli: {{ choices }}"}\n  late:', 1)
    )
    await family(own)
    assert await own.hears("sì") == ["Scegli: 1 27/11 09:30 Anna\n2 27/11 10:30 Bruno"]


async def test_the_list_says_what_its_number_will_do(clinic: Clinic) -> None:
    own = clinic.with_rules(
        RULES.replace("late:", 'which: "Which one shall we {{ intention }}? {{ choices }}"\n  late:', 1)
    )
    await family(own)
    asked = []
    for text in ("yes", "no"):
        clinic.clock.advance(minutes=1)
        asked += await own.hears(text)
    assert [text.split("?")[0] for text in asked] == ["Which one shall we confirm", "Which one shall we cancel"]


async def test_the_list_says_so_in_the_language_of_the_answer(clinic: Clinic) -> None:
    await family(clinic)
    assert await clinic.hears("disdico") == [
        "Quale annullare?\n1 27/11 09:30 Anna\n2 27/11 10:30 Bruno\nNumero o TUTTI"
    ]


async def test_the_same_number_twice_never_cancels_what_was_to_be_confirmed(clinic: Clinic) -> None:
    await clinic.book("a1", NINE, name="Anna")
    await clinic.book("a2", NINE + minutes(60), name="Bruno")
    clinic.clock.now = NINE - DAY - minutes(1)
    await clinic.hears("yes")
    await clinic.at(NINE - DAY)
    for _ in range(2):
        clinic.clock.advance(minutes=1)
        await clinic.hears("2")
    assert await clinic.statuses() == {"a1": "scheduled", "a2": "scheduled"}
    assert await clinic.why() == ["answers a question that is closed"] * 2
