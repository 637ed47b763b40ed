"""When a step is tried again, and for how long it belongs to the worker that claimed it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from responder.core.contact.effects import StepKind

HOUR_S = 3600.0
DELAYS_S: Mapping[StepKind, tuple[float, ...]] = {  # before each attempt; one for every attempt that there is
    StepKind.WEBHOOK: (
        0,
        5,
        300,
        HOUR_S / 2,
        2 * HOUR_S,
        5 * HOUR_S,
        10 * HOUR_S,
        14 * HOUR_S,
        20 * HOUR_S,
        24 * HOUR_S,
    ),
    StepKind.REPLY: (0, 5, 30),  # the gateway asks for three attempts at most, further apart each time
}
JITTER = 0.2  # of the delay, to either side, so that what failed together does not come back together
LONGEST_WAIT_S = 24 * HOUR_S  # that the other side may ask for

# A call has 15 s (``Call.timeout_s``) and its record some more; until then nobody may take the step for abandoned.
LEASE = timedelta(seconds=40)


def next_attempt(
    kind: StepKind, attempts: int, now: datetime, retry_after_s: float | None, chance: float
) -> datetime | None:
    """When a step that certainly failed is tried again; None if it is given up.

    ``retry_after_s`` is what the other side asked for, ``chance`` anything from 0 to 1.

    >>> from datetime import UTC
    >>> next_attempt(StepKind.REPLY, 2, datetime(2026, 4, 8, 12, 0, tzinfo=UTC), None, 0.5).isoformat()
    '2026-04-08T12:00:30+00:00'
    """
    delays_s = DELAYS_S[kind]
    if attempts >= len(delays_s):
        return None
    delay_s = delays_s[attempts] * (1 - JITTER + 2 * JITTER * chance)
    return now + timedelta(seconds=max(delay_s, min(retry_after_s or 0.0, LONGEST_WAIT_S)))


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the header ``retry-after`` asks to wait; a date counts from the other side's own clock.

    >>> read_retry_after({"retry-after": "12"})
    12.0
    >>> read_retry_after({"retry-after": "Wed, 08 Apr 2026 12:01:00 GMT", "date": "Wed, 08 Apr 2026 12:00:00 GMT"})
    60.0
    """
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header) if len(header) < 10 else LONGEST_WAIT_S
    try:
        wait = parsedate_to_datetime(header) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(wait.total_seconds(), 0.0)
