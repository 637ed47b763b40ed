"""Days and times as people type them: the hour and the minutes that were meant, or a refusal."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.core.sms.typed_times import DateForm, Forms, TimeForm, read_clock, read_day, read_moment

ROME = ZoneInfo("Europe/Rome")
FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 30, tzinfo=UTC)
MOMENTS = st.integers(0, int((LAST - FIRST).total_seconds()) // 60).map(lambda n: FIRST + timedelta(minutes=n))
WRITTEN = {DateForm.YEAR_FIRST: "%Y-%m-%d", DateForm.DAY_FIRST: "%d/%m/%Y", DateForm.MONTH_FIRST: "%m/%d/%Y"}
WRITTEN_SKIPPED = {
    DateForm.YEAR_FIRST: "2026-03-29",
    DateForm.DAY_FIRST: "29/03/2026",
    DateForm.MONTH_FIRST: "03/29/2026",
}
EVERY_FORM = [Forms(dates=dates, times=times) for dates in DateForm for times in TimeForm]


def refusal(typed: str, forms: Forms | None = None) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        read_moment(typed, ROME, forms)
    return str(refused.value)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("2026-12-01 09.30", "a dot between hour and minutes"),
        ("2026-12-01T10.45", "a dot"),
        ("2026-12-01 09.3", "one digit"),
        ("2026-12-01 24:00", "00:00 of the day after"),
        ("2026-12-01 9:30 PM", "from 0 to 23"),
        ("0026-12-01 09:30", "the year 26"),
        ("26-12-01 09:30", "is no time"),
        ("2226-12-01 09:30", "the year 2226"),
        ("2026-11-31 09:30", "no day of the calendar"),
        ("2026-12-01 25:00", "is no time"),
        ("2026-12-01 09:60", "is no time"),
        ("2026-12-01", "a day without a time"),
        ("46357,3958333", "is no time"),
        ("2026-12-01T09", "is no time"),
        ("20261201T0930", "is no time"),
        ("2026-W49-2T09:30", "is no time"),
        ("2026-12-01 09,30", "is no time"),
        ("tomorrow", "is no time"),
        ("2026-12-01 09h30", "is no time"),
    ],
)
def test_a_time_that_is_not_plain_is_refused_with_what_is_wrong(typed: str, why: str) -> None:
    assert why in refusal(typed)
    assert repr(typed) in refusal(typed)


@pytest.mark.parametrize(
    ("zone", "typed", "clocks"),
    [
        ("Europe/Rome", "2026-03-29 02:30", "from 02:00 to 03:00"),
        ("Europe/Rome", "2026-03-29T02:00", "from 02:00 to 03:00"),
        ("Europe/Rome", "2026-03-29T02:59:59", "from 02:00 to 03:00"),
        ("America/New_York", "2026-03-08T02:30", "from 02:00 to 03:00"),
        ("Asia/Beirut", "2026-03-29T00:10", "from 00:00 to 01:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "from 02:00 to 02:30"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused_with_the_hours_around_it(zone: str, typed: str, clocks: str) -> None:
    with pytest.raises(ValueError, match=r"write one before or after") as refused:
        read_moment(typed, ZoneInfo(zone))
    assert f"{typed!r} is no time in {zone}, where the clocks go {clocks} that day" in str(refused.value)


@pytest.mark.parametrize("forms", EVERY_FORM)
def test_a_time_that_the_clocks_skip_is_refused_in_every_form(forms: Forms) -> None:
    clock = "02:30" if forms.times is TimeForm.COLON else "02.30"
    assert "the clocks go from" in refusal(f"{WRITTEN_SKIPPED[forms.dates]} {clock}", forms)


@pytest.mark.parametrize(
    "typed", ["2026-03-29T01:59:59", "2026-03-29T03:00", "2026-03-29T02:30+01:00", "2026-03-29T02:30Z"]
)
def test_a_time_beside_the_skipped_hour_or_with_an_offset_is_read(typed: str) -> None:
    assert read_moment(typed, ROME)


def test_a_time_that_comes_twice_is_the_first_of_the_two_unless_an_offset_says_more() -> None:
    read = [read_moment(f"2026-10-25T02:30{offset}", ROME) for offset in ("", "+02:00", "+01:00")]
    assert [moment.isoformat() for moment in read] == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:30:00+00:00",
    ]


@pytest.mark.parametrize("forms", EVERY_FORM)
@given(moment=MOMENTS)
def test_a_time_is_read_as_it_is_written_in_every_form(forms: Forms, moment: datetime) -> None:
    clock = "%H:%M" if forms.times is TimeForm.COLON else "%H.%M"
    typed = moment.strftime(WRITTEN[forms.dates].replace("%Y", f"{moment.year:04}") + f" {clock}")
    assert read_moment(typed, UTC, forms) == moment


@given(moment=MOMENTS)
def test_minutes_are_never_lost(moment: datetime) -> None:
    for typed in (f"{moment:%Y-%m-%d %H.%M}", f"{moment:%d/%m/%Y %H.%M}", f"{moment:%Y-%m-%dT%H.%M}"):
        for forms in (None, *EVERY_FORM):
            try:
                read = read_moment(typed, UTC, forms)
            except ValueError:
                continue
            assert (read.hour, read.minute) == (moment.hour, moment.minute)


@given(st.text("0123456789.:-/ TZ+", max_size=20))
def test_whatever_is_read_is_a_whole_minute_or_has_its_seconds_typed(typed: str) -> None:
    for forms in (None, *EVERY_FORM):
        try:
            read = read_moment(typed, UTC, forms)
        except ValueError:
            continue
        assert (read.second, read.microsecond) == (0, 0) or typed.count(":") + typed.count(".") >= 2


@pytest.mark.parametrize("forms", EVERY_FORM)
def test_iso_8601_is_read_in_every_form(forms: Forms) -> None:
    assert read_moment("2026-12-01T09:30+01:00", UTC, forms) == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert read_moment("2026-12-01T09:30:00Z", ROME, forms) - timedelta(minutes=30) == datetime(
        2026, 12, 1, 9, tzinfo=UTC
    )


def test_day_and_month_are_never_exchanged() -> None:
    assert "dates: dd/mm/yyyy" in refusal("01/12/2026 09:30", Forms())
    assert read_day("2/1/2027", DateForm.DAY_FIRST).isoformat() == "2027-01-02"
    assert read_day("2/1/2027", DateForm.MONTH_FIRST).isoformat() == "2027-02-01"
    assert "no day of the calendar" in refusal("31/11/2026 09:00", Forms(dates=DateForm.DAY_FIRST))
    assert "no day of the calendar" in refusal("12/31/2026 09:00", Forms(dates=DateForm.DAY_FIRST))


def test_a_year_of_two_digits_is_refused() -> None:
    assert "no year of four digits" in refusal("01/12/26 09:30", Forms(dates=DateForm.DAY_FIRST))


def test_a_dot_is_a_mistake_unless_the_form_has_it() -> None:
    assert read_clock("9.30", TimeForm.DOT).isoformat() == "09:30:00"
    assert read_clock("9:30", TimeForm.DOT).isoformat() == "09:30:00"
    with pytest.raises(ValueError, match=r"times: hh\.mm"):
        read_clock("9.30")
    with pytest.raises(ValueError, match="one digit of minutes"):
        read_clock("9.3", TimeForm.DOT)
