"""The gateway's clock: off for hours, or texts that came late."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from responder.core.operations.clock_offset import Arrival, ClockOffset, arrivals_of, clock_offset
from tests.builders import minutes
from tests.conftest import NOON

ROME = ZoneInfo("Europe/Rome")
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
PROMPT = 2 * SECOND


def steadily(offsets: Sequence[timedelta], since: datetime = NOON, every: timedelta = SECOND) -> list[Arrival]:
    """Texts that arrive one after the other, oldest first, each so long after its SIM time."""
    moments = [since + place * every for place in range(len(offsets))]
    return [Arrival(sent_at=at - offset, received_at=at) for at, offset in zip(moments, offsets, strict=True)]


def judged(*oldest_first: Sequence[Arrival], zone: ZoneInfo = ROME) -> ClockOffset:
    arrivals = [arrival for part in oldest_first for arrival in part]
    return clock_offset(arrivals[::-1], zone)


def together(sent: Iterator[datetime], at: datetime) -> list[Arrival]:
    """Texts of several times that all arrive when an outage ends."""
    return [Arrival(sent_at=moment, received_at=at + place * SECOND) for place, moment in enumerate(sent)]


@pytest.mark.parametrize(
    "offset", [HOUR, -HOUR, 2 * HOUR, -11 * HOUR, minutes(7), minutes(-7), minutes(-3), minutes(97)]
)
def test_ten_texts_that_agree_tell_a_clock_that_is_off(offset: timedelta) -> None:
    found = judged(steadily([offset + PROMPT] * 10))
    assert (found.is_off, found.median) == (True, offset + PROMPT)


def test_nine_texts_tell_nothing() -> None:
    assert judged(steadily([HOUR] * 9)) == ClockOffset(zone=ROME)


def test_a_clock_that_is_right_is_right_however_slow_some_texts_are() -> None:
    found = judged(steadily([PROMPT] * 6 + [minutes(40), minutes(15), HOUR, 3 * HOUR]))
    assert (found.is_off, found.sentence) == (False, "ok")


def test_texts_of_an_outage_that_come_together_are_late_and_no_wrong_clock() -> None:
    late = together((NOON + minutes(6 * n) for n in range(10)), at=NOON + minutes(60))
    assert not judged(late).is_off
    assert not judged(steadily([PROMPT] * 20, since=NOON - minutes(5)), late).is_off


def test_nor_are_those_of_one_minute_that_come_an_hour_later_after_nothing_came_meanwhile() -> None:
    late = together((NOON + minutes(5) + n * SECOND for n in range(20)), at=NOON + minutes(65))
    assert not judged(steadily([PROMPT] * 20, since=NOON), late).is_off


@pytest.mark.parametrize("times", [1, 2, 3])
def test_nor_those_that_the_gateway_sends_again_after_a_quarter_of_an_hour(times: int) -> None:
    resent = steadily([times * minutes(15) + PROMPT] * 12)
    assert not judged(steadily([PROMPT] * 5, since=NOON - minutes(1)), resent).is_off
    assert not judged(resent).is_off


def test_late_texts_after_which_one_came_at_once_are_late() -> None:
    assert not judged(steadily([HOUR] * 9 + [PROMPT])).is_off


def test_a_clock_that_is_set_wrong_while_texts_come_is_noticed_and_again_when_it_is_mended() -> None:
    right, wrong = steadily([PROMPT] * 12), steadily([HOUR] * 12, since=NOON + minutes(1))
    assert judged(right, wrong).is_off
    assert not judged(right, wrong, steadily([PROMPT] * 6, since=NOON + minutes(2))).is_off


def test_texts_that_are_resent_do_not_hide_a_clock_that_is_off() -> None:
    assert judged(
        steadily([HOUR, HOUR + minutes(15), HOUR, HOUR, HOUR + minutes(30), HOUR, HOUR, HOUR, HOUR, HOUR])
    ).is_off


def test_a_text_now_and_then_tells_a_clock_that_is_behind_as_well() -> None:
    assert judged(steadily([HOUR] * 10, every=2 * HOUR)).is_off


@pytest.mark.parametrize(
    ("zone", "offset", "fitting"),
    [
        ("Europe/Rome", HOUR, "UTC"),
        ("Europe/Rome", -HOUR, "Europe/Athens"),
        ("UTC", -HOUR, "Europe/Rome"),
        ("Europe/Rome", 6 * HOUR, "Etc/GMT+5"),
        ("Europe/Rome", -6 * HOUR, "Etc/GMT-7"),
        ("Europe/Rome", minutes(20), None),
    ],
)
def test_where_whole_hours_are_off_a_zone_is_named_that_would_fit(
    zone: str, offset: timedelta, fitting: str | None
) -> None:
    found = judged(steadily([offset + PROMPT] * 10), zone=ZoneInfo(zone))
    assert (found.is_off, found.fitting) == (True, fitting)
    assert ("RESPONDER_GATEWAY_TIMEZONE" in found.sentence, (fitting or "clock of this machine") in found.sentence) == (
        True,
        True,
    )


def test_the_zone_that_would_fit_makes_it_fit() -> None:
    texts = [(f"202611231100{n:02}", datetime(2026, 11, 23, 11, 0, n + 1, tzinfo=UTC)) for n in range(10)]
    assert clock_offset(arrivals_of(texts, ROME), ROME).is_off
    assert not clock_offset(arrivals_of(texts, ZoneInfo("UTC")), ZoneInfo("UTC")).is_off


def test_texts_without_a_time_are_left_out() -> None:
    assert arrivals_of([("", NOON), ("soon", NOON), ("20261123130000", NOON)], ROME) == [
        Arrival(sent_at=NOON, received_at=NOON)
    ]
