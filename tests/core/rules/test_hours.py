"""Hours and seasons hold by the clock on the wall in the file's zone, also where that clock is changed."""

from datetime import UTC, datetime

import pytest

from tests.planning import one_rule, plan

ROME = "timezone: Europe/Rome\n"


def refusal(when: str, at: str, head: str = ROME) -> str | None:
    """Why a rule with this condition does not answer at a moment; None if it does."""
    moment = datetime.fromisoformat(at)
    decided = plan("hello", one_rule(f"{{text: hello, {when}}}", head=head), at=moment.astimezone(UTC))
    return None if decided.rule == "only" else decided.near_misses[0].why


@pytest.mark.parametrize(
    ("hours", "at"),
    [
        ("Mon-Fri 09:00-18:00", "2026-11-23T09:00+01:00"),
        ("Mon-Fri 09:00-18:00", "2026-11-27T17:59:59+01:00"),
        ("monday - friday 9:00 - 18:00", "2026-11-23T12:00+01:00"),
        ("09:00–18:00", "2026-11-22T12:00+01:00"),
        ("Sat-Sun", "2026-11-22T00:00+01:00"),
        ("Sat-Sun", "2026-11-22T23:59+01:00"),
        ("Sat-Mon", "2026-11-23T12:00+01:00"),
        ("'Mon, Wed 09:00-10:00'", "2026-11-25T09:30+01:00"),
        ("'Mon-Fri 09:00-12:00, 14:00-18:00'", "2026-11-23T14:00+01:00"),
        ("[Mon-Fri 09:00-18:00, Sat 09:00-13:00]", "2026-11-28T12:00+01:00"),
        ("Mon 18:00-24:00", "2026-11-23T23:59+01:00"),
    ],
)
def test_a_rule_answers_in_its_hours(hours: str, at: str) -> None:
    assert refusal(f"hours: {hours}", at) is None


@pytest.mark.parametrize(
    ("hours", "at"),
    [
        ("Mon-Fri 09:00-18:00", "2026-11-23T08:59:59+01:00"),
        ("Mon-Fri 09:00-18:00", "2026-11-23T18:00+01:00"),
        ("Mon-Fri 09:00-18:00", "2026-11-22T12:00+01:00"),
        ("Sat-Sun", "2026-11-23T00:00+01:00"),
        ("Sat-Mon", "2026-11-24T12:00+01:00"),
        ("'Mon, Wed 09:00-10:00'", "2026-11-24T09:30+01:00"),
        ("'Mon-Fri 09:00-12:00, 14:00-18:00'", "2026-11-23T13:00+01:00"),
        ("Mon 18:00-24:00", "2026-11-24T00:00+01:00"),
    ],
)
def test_a_rule_does_not_answer_outside_its_hours(hours: str, at: str) -> None:
    assert refusal(f"hours: {hours}", at)


@pytest.mark.parametrize(
    ("at", "answers"),
    [("27T22:00", True), ("28T01:59", True), ("28T02:00", False), ("27T01:00", False), ("28T22:00", False)],
)
def test_hours_that_end_before_they_begin_go_on_after_midnight(at: str, answers: bool) -> None:
    assert (refusal("hours: Fri 22:00-02:00", f"2026-11-{at}+01:00") is None) is answers


def test_the_hours_of_a_sunday_night_end_on_monday() -> None:
    assert refusal("hours: Sun 22:00-02:00", "2026-11-23T01:00+01:00") is None


def test_a_refusal_tells_the_hours_and_the_time_that_it_was() -> None:
    told = "outside its hours: Mon-Fri 09:00-18:00, it was Sunday 10:12"
    assert refusal("hours: Mon-Fri 09:00-18:00", "2026-11-22T10:12+01:00") == told


@pytest.mark.parametrize(
    ("at", "answers"),
    [("2026-10-24T06:30", False), ("2026-10-24T07:00", True), ("2026-10-26T07:30", False), ("2026-10-26T08:00", True)],
)
def test_nine_o_clock_stays_nine_o_clock_when_the_clock_is_changed(at: str, answers: bool) -> None:
    assert (refusal("hours: 09:00-18:00", f"{at}+00:00") is None) is answers


@pytest.mark.parametrize("at", ["2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"])
def test_both_readings_of_a_repeated_hour_are_in_the_hours_that_hold_it(at: str) -> None:
    assert refusal("hours: 02:00-03:00", at) is None


def test_hours_that_the_clock_skips_hold_no_minute_of_that_day() -> None:
    assert (
        refusal("hours: 02:00-03:00", "2026-03-29T00:59+00:00") == "outside its hours: 02:00-03:00, it was Sunday 01:59"
    )
    assert (
        refusal("hours: 02:00-03:00", "2026-03-29T01:00+00:00") == "outside its hours: 02:00-03:00, it was Sunday 03:00"
    )


@pytest.mark.parametrize(
    ("season", "first", "before"),
    [
        ("since: 2026-12-01", "2026-12-01T00:00+01:00", "2026-11-30T23:59:59+01:00"),
        ("since: 2026-12-01T09:00", "2026-12-01T09:00+01:00", "2026-12-01T08:59:59+01:00"),
        ("since: 2026-07-01 09:00", "2026-07-01T09:00+02:00", "2026-07-01T08:59:59+02:00"),
        ("since: 2026-10-25T02:30", "2026-10-25T00:30+00:00", "2026-10-25T00:29:59+00:00"),
    ],
)
def test_a_rule_answers_from_its_first_minute_on(season: str, first: str, before: str) -> None:
    assert refusal(season, first) is None
    assert refusal(season, before)


@pytest.mark.parametrize(
    ("season", "last", "after"),
    [
        ("until: 2026-12-24", "2026-12-24T23:59:59+01:00", "2026-12-25T00:00+01:00"),
        ("until: 2026-12-24T18:00", "2026-12-24T17:59:59+01:00", "2026-12-24T18:00+01:00"),
        ("until: 2026-10-25T02:30", "2026-10-25T01:29:59+00:00", "2026-10-25T01:30+00:00"),
        ("until: 2026-10-25", "2026-10-25T23:59:59+01:00", "2026-10-26T00:00+01:00"),
    ],
)
def test_a_rule_answers_until_its_last_minute(season: str, last: str, after: str) -> None:
    assert refusal(season, last) is None
    assert refusal(season, after)


def test_a_day_that_begins_at_one_in_the_morning_begins_there() -> None:
    beirut = "timezone: Asia/Beirut\n"
    assert refusal("since: 2026-03-29", "2026-03-28T22:00+00:00", beirut) is None
    assert refusal("since: 2026-03-29", "2026-03-28T21:59+00:00", beirut)
    assert refusal("until: 2026-03-28", "2026-03-28T21:59+00:00", beirut) is None
    assert refusal("until: 2026-03-28", "2026-03-28T22:00+00:00", beirut)


def test_a_rule_that_is_over_or_not_yet_in_force_says_so() -> None:
    assert (
        refusal("since: 2026-12-01", "2026-11-23T10:00+01:00") == "not yet: since 2026-12-01, it was 2026-11-23 10:00"
    )
    assert refusal("until: 2026-11-01", "2026-11-23T10:00+01:00") == "over: until 2026-11-01, it was 2026-11-23 10:00"


@pytest.mark.parametrize("season", ["until: 9999-12-31", "since: 0001-01-01"])
def test_the_ends_of_all_time_can_be_written(season: str) -> None:
    assert refusal(season, "2026-11-23T10:00+01:00") is None
