"""When a call is made again: a step's next attempt, and the pauses of a webhook endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from responder.core.contact.effects import StepKind
from responder.core.contact.reasons import because

HOUR_S = 3600.0
DELAYS_S: Mapping[StepKind, tuple[float, ...]] = {  # before each attempt that there is
    StepKind.WEBHOOK: (0, 5, 300, *(hours * HOUR_S for hours in (0.5, 2, 5, 10, 14, 20, 24))),
    StepKind.REPLY: (0, 5, 30),  # the gateway asks for three attempts at most, further apart each time
}
JITTER = 0.2  # of the delay, to either side, so that what failed together does not come back together
LONGEST_WAIT_S = 24 * HOUR_S  # that the other side may ask for
LEASE = timedelta(seconds=40)  # of a claimed step: a call has 15 s (``Call.timeout_s``), its record the rest
BEGIN_WITHIN = timedelta(seconds=20)  # of the claim; a text that begins later could still be on its way after the lease

AT_ONCE = 10  # calls of one worker to one endpoint, so that a slow one leaves slots to the others
OPEN_AFTER = 5  # failures in a row after which an endpoint is paused
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)  # of all calls, if an endpoint asks to wait; the refused call waits longer
DISABLED_AFTER = timedelta(days=5)  # of nothing but failures
FEWEST_FAILURES = 10  # before that counts, since an endpoint may be called once a week
GONE = because("webhook_wants_no_more")
DEAD = because("webhook_always_failed")


def next_attempt(
    kind: StepKind, attempts: int, now: datetime, retry_after_s: float | None, chance: float
) -> datetime | None:
    """When a step that certainly failed is tried again; None if it is given up.

    ``retry_after_s`` is what the other side asked for, ``chance`` a number from 0 to 1.

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
    """The seconds that the header ``retry-after`` asks to wait; a date is compared with the other side's clock.

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """The state of a webhook endpoint; ``address`` is a digest of its URL, since another URL starts afresh."""

    name: str
    address: str
    failures: int = 0
    failing_since: datetime | None = None
    open_until: datetime | None = None
    disabled_at: datetime | None = None
    reason: str | None = None

    def places(self, now: datetime) -> int:
        """How many calls may run at once: none while paused, then a single probe."""
        if self.disabled_at or (self.open_until and self.open_until > now):
            return 0
        return 1 if self.failures >= OPEN_AFTER else AT_ONCE

    def after_failure(
        self, now: datetime, *, asked_to_wait_s: float | None = None, is_gone: bool = False
    ) -> "Endpoint":
        """The state after another failed call."""
        failures, since = self.failures + 1, self.failing_since or now
        pauses = [PAUSE] if failures >= OPEN_AFTER else []
        pauses += [min(timedelta(seconds=asked_to_wait_s), LONGEST_PAUSE)] if asked_to_wait_s else []
        is_dead = now - since >= DISABLED_AFTER and failures >= FEWEST_FAILURES
        disabled = (is_gone or is_dead) and self.disabled_at is None
        return replace(
            self,
            failures=failures,
            failing_since=since,
            open_until=now + max(pauses) if pauses else self.open_until,
            disabled_at=now if disabled else self.disabled_at,
            reason=(GONE if is_gone else DEAD) if disabled else self.reason,
        )
