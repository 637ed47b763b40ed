"""A webhook endpoint's state: how many calls it gets, and when it is paused or given up."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

AT_ONCE = 10  # calls of one worker to one endpoint, so that a slow one takes no place from the others
OPEN_AFTER = 5  # failures in a row after which an endpoint is left alone for a while
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(
    minutes=10
)  # that an endpoint may ask for all of its calls; the call that it refused waits longer
DISABLED_AFTER = timedelta(days=5)  # of nothing but failures
FEWEST_FAILURES = 10  # that say so, since an endpoint may be called once a week
GONE = "it answered HTTP 410, so it wants no more calls"
DEAD = "every call to it has failed for five days"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """What is known of an endpoint; ``address`` stands for its URL, so that another URL begins anew."""

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
        """The state after another call failed."""
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
