"""The board of a day: its hours also where a day has 23 or 25, what somebody said beside it, and what is done by hand."""

from datetime import datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import insert

from responder.core.appointments.booking import Booking
from responder.desk.appointments import appointment_history, put_appointment, show_appointment
from responder.desk.handoffs import show_handoff
from responder.rulefile import read_rules
from responder.store.base.tables import handoffs
from tests.builders import ANNA, inbound
from tests.conftest import NOON
from tests.web.console.conftest import RULES, Installation

DAYS = {
    "2027-03-28": ("2027-03-28T00:10+01:00", "2027-03-28T23:50+02:00"),  # the hour from two to three is left out
    "2027-10-31": ("2027-10-31T00:10+02:00", "2027-10-31T23:50+01:00"),  # it comes twice
}


@pytest.mark.parametrize("day", DAYS)
async def test_a_day_of_a_clock_change_has_its_first_and_its_last_hour(installation: Installation, day: str) -> None:
    for name, at in zip(("first", "last"), DAYS[day], strict=True):
        booking = Booking(id=f"{day}-{name}", originator=ANNA, starts_at=datetime.fromisoformat(at), name=name)
        await put_appointment(installation.desk, booking)
    number = int(day[-2:])
    async with installation.browser() as browser:
        page = (await browser.get(f"/appointments?day={day}")).text
        before = (await browser.get(f"/appointments.json?day={day[:-2]}{number - 1}")).text
        month_ends = number == 31
        after = (await browser.get(f"/appointments.json?day={'2027-11-01' if month_ends else f'{day[:-2]}29'}")).text
    assert page.count('<tr id="a-') == 2
    assert ">00:10</time>" in page
    assert ">23:50</time>" in page
    assert before == after == ""


REMINDING = RULES.replace("rules:\n", "appointments:\n  reminders: [{before: 1d, text: YES or NO?}]\nrules:\n")
TOMORROW = NOON + timedelta(days=1)


async def hand_over(installation: Installation, typed: str) -> str:
    """A text of somebody with an appointment tomorrow that a person has to read; its key."""
    await put_appointment(installation.desk, Booking(id="a1", originator=ANNA, starts_at=TOMORROW, name="Anna Bo"))
    message = inbound(typed)
    await installation.store.inbox.add([message], {})
    async with installation.store.database.write() as connection:
        await connection.execute(
            insert(handoffs).values(message_key=message.key, originator=ANNA, reason="unclear_answer", opened_at=NOON)
        )
    return message.key


async def test_what_somebody_said_stands_beside_the_appointment_and_leads_to_the_hand_off(
    installation: Installation,
) -> None:
    key = await hand_over(installation, "yes but <b>later</b>")
    async with installation.browser() as browser:
        page = (await browser.get(f"/appointments?day={TOMORROW:%Y-%m-%d}")).text
        waiting = (await browser.get("/inbox")).text
    assert f'href="/inbox#h-{key}"' in page
    assert "yes but &lt;b&gt;later" in page
    assert f'id="h-{key}"' in waiting
    assert waiting.index("Anna Bo") < waiting.index("yes but"), "whoever waits is called by the name"


async def test_done_settles_the_appointment_as_well_if_a_status_is_chosen(installation: Installation) -> None:
    key = await hand_over(installation, "fine, see you")
    async with installation.browser() as browser:
        await browser.post("/sign-in", name="Mara")
        await browser.post(f"/inbox/{key}/done", status="confirmed", note="it was a yes")
    assert (await show_handoff(installation.desk, key)).done_at
    assert (await show_appointment(installation.desk, "a1")).appointment.status == "confirmed"
    last = (await appointment_history(installation.desk, "a1"))[-1]
    assert (last.by, last.detail) == ("Mara", "it was a yes")


async def test_done_without_a_status_leaves_the_appointment_as_it_is(installation: Installation) -> None:
    key = await hand_over(installation, "fine, see you")
    async with installation.browser() as browser:
        await browser.post(f"/inbox/{key}/done", status="", note="")
    assert (await show_appointment(installation.desk, "a1")).appointment.status == "scheduled"


async def test_a_reminder_leaves_now_and_the_history_says_who_sent_it(installation: Installation) -> None:
    installation.rules = read_rules(REMINDING, "rules.yaml", {})
    await put_appointment(installation.desk, Booking(id="a/1", originator=ANNA, starts_at=TOMORROW, name="Anna Bo"))
    async with installation.browser() as browser:
        await browser.post("/sign-in", name="Mara")
        sent = await browser.post("/appointments/a/1/remind")
        page = unescape((await browser.get(sent.headers["location"])).text)
    assert "reminder sent by hand" in page
    assert "1d before" in page
    assert "Mara" in page


async def test_a_reminder_that_cannot_leave_is_told_why(installation: Installation) -> None:
    await put_appointment(installation.desk, Booking(id="a1", originator=ANNA, starts_at=TOMORROW, name="Anna Bo"))
    async with installation.browser() as browser:
        answer = await browser.post("/appointments/a1/remind")
        unknown = await browser.post("/appointments/nobody/remind")
    assert answer.status_code == 422
    assert "the rules file has no reminders" in answer.text
    assert unknown.status_code == 404


async def test_an_empty_day_names_the_next_one_with_appointments(installation: Installation) -> None:
    await put_appointment(installation.desk, Booking(id="a1", originator=ANNA, starts_at=TOMORROW, name="Anna Bo"))
    async with installation.browser() as browser:
        page = (await browser.get(f"/appointments?day={NOON:%Y-%m-%d}")).text
        last = (await browser.get(f"/appointments?day={NOON + timedelta(days=2):%Y-%m-%d}")).text
    assert f'The next appointments: <a href="/appointments?day={TOMORROW:%Y-%m-%d}">' in page
    assert "The next appointments" not in last
