"""A thumb or a heart for a reminder is a yes, as long as its appointment is open; any other reaction is for a person."""

from datetime import timedelta

import pytest

from responder.core.contact.effects import StepKind
from tests.appointments.clinic import RULES, Clinic
from tests.appointments.test_reminders import DAY, TEN, rome

REMINDED = "See you on 27/11/2026 at 10:00. YES or NO?"
FIVE_DAYS = RULES.replace("before: 1d", "before: 5d")
REACTS = "reacts to a reminder, which is no clear yes"
LIKES = (
    "👍 to “{}”",
    "❤️ to “{}”",
    "Liked “{}”",
    "Loved “{}”",
    "Reacted 👍 to “{}”",
    "Ha messo Mi piace a “{}”",
    "Mi piace “{}”",
    "Ha adorato “{}”",
    "❤️ a “{}”",
    "A aimé « {} »",
    "A adoré « {} »",
    "Le gustó “{}”",
    "Le encantó “{}”",
    "Gostou de “{}”",
    "Amou “{}”",
    "Gefällt „{}“",
    "„{}“ gefällt mir",
    "Vindt “{}” leuk",
    "Polubił(a) „{}”",
    "A apreciat „{}”",
)
OTHERS = (
    "Disliked “{}”",
    "👎 to “{}”",
    "Laughed at “{}”",
    "Questioned “{}”",
    "Removed a like from “{}”",
    "Ha riso per “{}”",
)


async def reminded(clinic: Clinic) -> Clinic:
    """Anna has one appointment in five days, and was reminded of it a moment ago."""
    file = clinic.with_rules(FIVE_DAYS)
    await file.book("a1", TEN, name="Anna")
    assert await file.at(TEN - 5 * DAY) == [REMINDED]
    await leaves(file)
    return file


async def leaves(file: Clinic) -> None:
    """Whatever waits leaves, before anybody can react to it."""
    await file.store.steps.claim(StepKind.REPLY, "w", file.clock(), 10)


async def test_a_thumb_for_a_reminder_that_has_yet_to_leave_is_no_yes(clinic: Clinic) -> None:
    file = clinic.with_rules(FIVE_DAYS)
    await file.book("a1", TEN, name="Anna")
    await file.at(TEN - 5 * DAY)
    await file.hears(f"Liked “{REMINDED}”")
    assert await file.statuses() == {"a1": "scheduled"}


@pytest.mark.parametrize("like", LIKES)
async def test_a_thumb_or_a_heart_days_after_the_reminder_is_a_yes(clinic: Clinic, like: str) -> None:
    file = await reminded(clinic)
    file.clock.now = TEN - timedelta(days=1, hours=3)
    assert await file.hears(like.format(REMINDED)) == ["See you, Anna."]
    assert await file.statuses() == {"a1": "confirmed"}


async def test_a_reminder_of_which_the_phone_quotes_the_beginning_is_known(clinic: Clinic) -> None:
    file = await reminded(clinic)
    await file.hears("Liked “See you on 27/11/2026 …”")
    assert await file.statuses() == {"a1": "confirmed"}


@pytest.mark.parametrize("reaction", OTHERS)
async def test_any_other_reaction_to_a_reminder_is_shown_to_a_person_and_not_answered(
    clinic: Clinic, reaction: str
) -> None:
    file = await reminded(clinic)
    file.clock.now = TEN - 2 * DAY
    assert await file.hears(reaction.format(REMINDED)) == []
    assert (await file.statuses(), await file.why()) == ({"a1": "scheduled"}, [REACTS])


async def test_a_thumb_is_shown_to_a_person_where_two_appointments_are_open(clinic: Clinic) -> None:
    file = await reminded(clinic)
    await file.book("a2", TEN + DAY)
    assert await file.hears(f"👍 to “{REMINDED}”") == []
    assert (await file.statuses(), await file.why()) == ({"a1": "scheduled", "a2": "scheduled"}, [REACTS])


async def test_a_thumb_for_another_text_of_ours_is_no_answer(clinic: Clinic) -> None:
    file = await reminded(clinic)
    assert await file.hears("hello") == ["A person will read this."]
    assert await file.hears("👍 to “A person will read this.”") == []
    assert await file.statuses() == {"a1": "scheduled"}


async def test_a_thumb_for_the_reminder_of_an_earlier_appointment_is_no_yes_to_the_next(clinic: Clinic) -> None:
    file = await reminded(clinic)
    await file.hears("yes")
    await file.book("a2", rome(12, 10, 10))
    assert await file.at(rome(12, 5, 10)) == ["See you on 10/12/2026 at 10:00. YES or NO?"]
    await leaves(file)
    await file.hears(f"👍 to “{REMINDED}”")
    assert await file.statuses() == {"a1": "confirmed", "a2": "scheduled"}


async def test_a_thumb_for_a_reminder_after_the_visit_changes_nothing(clinic: Clinic) -> None:
    file = await reminded(clinic)
    file.clock.now = TEN + DAY
    await file.hears(f"👍 to “{REMINDED}”")
    assert await file.statuses() == {"a1": "scheduled"}
