"""The board's day is a day of the rules file's zone, also where a day has 23 or 25 hours."""

from datetime import datetime

import pytest

from responder.core.appointments.booking import Booking
from responder.desk.appointments import put_appointment
from tests.builders import ANNA
from tests.web.console.conftest import Installation

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
