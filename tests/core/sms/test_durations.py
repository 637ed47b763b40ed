"""Rates and periods as operators write them."""

from datetime import timedelta

import pytest

from responder.core.sms.times import in_words, read_period, read_rate


@pytest.mark.parametrize(
    ("typed", "count", "seconds", "shown"),
    [
        ("10/s", 10, 1, "10/s"),
        (" 5/10M ", 5, 600, "5/10m"),
        ("3/h", 3, 3600, "3/h"),
        ("20/1d", 20, 86_400, "20/d"),
        ("1/60s", 1, 60, "1/m"),
    ],
)
def test_a_rate_is_so_many_in_so_long(typed: str, count: int, seconds: int, shown: str) -> None:
    rate = read_rate(typed)
    assert (rate.count, rate.period, str(rate)) == (count, timedelta(seconds=seconds), shown)


@pytest.mark.parametrize("typed", ["", "10", "0/s", "5/0m", "5/w", "-1/s", "10/s/m", "५/s", "1.5/s", "5 / s"])
def test_what_is_no_rate_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"such as 10/s, 5/10m or 3/h"):
        read_rate(typed)


@pytest.mark.parametrize("typed", ["", "h", "0m", "1 hour", "1w"])
def test_what_is_no_period_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="such as 30m or 1h"):
        read_period(typed)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "a second"), (600, "10 minutes"), (3600, "an hour"), (5400, "90 minutes"), (172_800, "2 days")],
)
def test_a_period_is_told_in_the_largest_unit_that_fits(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
