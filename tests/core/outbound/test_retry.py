from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.core.contact.effects import StepKind
from responder.core.outbound.fates import DELAYS_S, LEASE, next_attempt, read_retry_after
from responder.core.outbound.gateway import Call

NOW = datetime(2026, 4, 8, 12, 30, tzinfo=UTC)
HOUR = 3600.0


def wait_s(kind: StepKind, attempts: int, *, retry_after_s: float | None = None, chance: float = 0.5) -> float | None:
    at = next_attempt(kind, attempts, NOW, retry_after_s, chance)
    return (at - NOW).total_seconds() if at else None


def test_a_webhook_is_tried_ten_times_over_three_days() -> None:
    waits = [wait_s(StepKind.WEBHOOK, attempts) for attempts in range(11)]
    assert waits == [0, 5, 300, HOUR / 2, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR, None]


def test_a_reply_is_tried_three_times_ever_later() -> None:
    assert [wait_s(StepKind.REPLY, attempts) for attempts in range(4)] == [0, 5, 30, None]


@given(kind=st.sampled_from(StepKind), attempts=st.integers(1, 9), chance=st.floats(0, 1))
def test_chance_moves_a_wait_by_a_fifth_at_most(kind: StepKind, attempts: int, chance: float) -> None:
    wait = wait_s(kind, attempts, chance=chance)
    if wait is not None:
        assert 0.8 * DELAYS_S[kind][attempts] - 1e-6 <= wait <= 1.2 * DELAYS_S[kind][attempts] + 1e-6


def test_steps_that_failed_together_do_not_come_back_together() -> None:
    assert wait_s(StepKind.WEBHOOK, 2, chance=0.0) != wait_s(StepKind.WEBHOOK, 2, chance=1.0)


def test_a_longer_wait_that_was_asked_for_counts() -> None:
    assert wait_s(StepKind.REPLY, 1, retry_after_s=120) == 120


def test_a_shorter_wait_that_was_asked_for_does_not() -> None:
    assert wait_s(StepKind.WEBHOOK, 2, retry_after_s=1) == 300


def test_nobody_can_ask_for_more_than_a_day() -> None:
    assert wait_s(StepKind.WEBHOOK, 1, retry_after_s=1e12) == 24 * HOUR


def test_a_wait_that_was_asked_for_brings_no_further_attempt() -> None:
    assert wait_s(StepKind.REPLY, 3, retry_after_s=10) is None


def test_a_lease_is_longer_than_the_call_that_it_covers() -> None:
    longest = timedelta(seconds=Call(url="", headers={}, body=b"").timeout_s)
    assert 2 * longest < LEASE


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "Wed, 08 Apr 2026 12:02:00 GMT", "date": "Wed, 08 Apr 2026 12:00:00 GMT"}, 120.0),
        ({"retry-after": "Wed, 08 Apr 2026 11:00:00 GMT", "date": "Wed, 08 Apr 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "9" * 5000}, 24 * HOUR),
    ],
)
def test_the_other_side_may_ask_in_seconds_or_by_a_date(headers: dict[str, str], seconds: float) -> None:
    assert read_retry_after(headers) == seconds


@pytest.mark.parametrize("asked", ["", "soon", "-5", "nan", "inf", "1e9", "٣", "Wed, 08 Apr 2026 12:02:00 GMT"])
def test_what_cannot_be_read_asks_for_nothing(asked: str) -> None:
    assert read_retry_after({"retry-after": asked}) is None


def test_a_date_of_no_zone_asks_for_nothing() -> None:
    headers = {"retry-after": "Wed, 08 Apr 2026 12:02:00 -0000", "date": "Wed, 08 Apr 2026 12:00:00 GMT"}
    assert read_retry_after(headers) is None
