"""The page on appointments is true: its file is read, its list comes in, and its conversation goes as it shows."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from responder.core.appointments.booking import Local
from responder.core.appointments.reminders import ReminderPlan
from responder.core.dialogue.appointments import INTENTIONS
from responder.core.recognition.packs import Answer
from responder.core.rules.appointments import FileForm
from responder.core.sms.text import size
from responder.rulefile import read_rules
from responder.rulefile.sections import appointments
from responder.spreadsheets.records import read_bookings
from responder.store.appointments.bookings import put_bookings
from tests.appointments.clinic import Clinic

PAGE = (Path(__file__).parents[2] / "docs" / "appointments.md").read_text("utf-8")
ROME = ZoneInfo("Europe/Rome")


def block(language: str) -> str:
    """The first block of the page between fences of this language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


async def test_the_conversation_of_the_page_goes_as_it_shows(clinic: Clinic) -> None:
    here = Clinic(store=clinic.store, clock=clinic.clock, rules=read_rules(block("yaml"), "rules.yaml", {}))
    here.clock.now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    local = Local(zone=ROME, country="IT")
    read = read_bookings(block("csv").encode(), "visits.csv", local, FileForm(), here.clock())
    times = ReminderPlan(policy=here.rules.appointments, zone=here.rules.zone)
    await put_bookings(here.store.database, read.values, here.clock(), times=times)
    shown: list[str] = []
    for line in block("text").splitlines():
        said: list[str] = []
        if line.startswith("> "):
            here.clock.advance(minutes=1)
            said = await here.hears(line[2:])
            shown.append(line)
        elif not line.startswith("< "):
            said = await here.at(datetime.fromisoformat(line).replace(tzinfo=ROME).astimezone(UTC))
            shown.append(line)
        shown += [f"< {part}" for text in said for part in text.split("\n")]
    assert "\n".join(shown) == block("text").rstrip("\n")


@pytest.mark.parametrize(
    "name", ["window", "reminders", "before", "text", "only", "valid_for", "quiet_hours", "which", "unclear", "late"]
)
def test_the_page_tells_of_every_setting(name: str) -> None:
    assert f"\n| `{name}` |" in PAGE


@pytest.mark.parametrize("language", sorted(appointments.BUILT_IN))
def test_the_question_which_one_is_asked_in_every_language(language: str) -> None:
    asked = read_rules(f"version: 1\nlanguages: [{language}]\n", "rules.yaml", {}).appointments.which
    assert asked is not None
    for intention in INTENTIONS[language].values():
        heading, choices, _ = (
            asked.pick(language).render({"choices": "1 01/12 09:30", "intention": intention}).split("\n")
        )
        assert (intention in heading, choices) == (True, "1 01/12 09:30")


@pytest.mark.parametrize("language", sorted(appointments.BUILT_IN))
@pytest.mark.parametrize("answer", Answer)
def test_nine_appointments_are_asked_about_in_one_segment_in_every_language(language: str, answer: Answer) -> None:
    asked = read_rules(f"version: 1\nlanguages: [{language}]\n", "rules.yaml", {}).appointments.which
    nine = "\n".join(f"{number} 30/12 22:58" for number in range(1, 10))
    assert asked is not None
    assert size(asked.pick(language).render({"choices": nine, "intention": INTENTIONS[language][answer]})).segments == 1
