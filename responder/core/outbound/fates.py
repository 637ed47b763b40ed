"""What becomes of a call: when one that failed is made again, and what the gateway reports of a reply later."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from responder.core.contact.effects import StepKind, StepStatus
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


class Reported(StrEnum):
    """What a report says, the weakest first: a weaker report never undoes a stronger one."""

    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One delivery report. ``ids`` are the gateway's and ours; ``part`` counts from 1 if it is about one segment.

    ``word`` is the status as the gateway writes it, ``reason`` for operators, ``happened_at`` the gateway's own time.
    """

    ids: tuple[str, ...]
    reported: Reported
    word: str
    received_at: datetime
    reason: str | None = None
    part: int | None = None
    parts: int | None = None
    happened_at: datetime | None = None

    @property
    def key(self) -> str:
        """The same whenever a report is sent again."""
        content = (*self.ids, self.reported, self.word, self.part, self.parts, self.happened_at)
        return hashlib.sha256(json.dumps([str(each) for each in content]).encode()).hexdigest()[:32]


STRENGTH = {reported: strength for strength, reported in enumerate(Reported)}
FOLLOWS: Mapping[Reported, frozenset[StepStatus]] = {  # which statuses a report changes into that of its name
    # a proof, whatever we thought before
    Reported.DELIVERED: frozenset(StepStatus) - {StepStatus.DELIVERED, StepStatus.SIMULATED},
    Reported.FAILED: frozenset({StepStatus.SENDING, StepStatus.SENT, StepStatus.UNCERTAIN}),
    # taken after all, so never sent again
    Reported.SENT: frozenset({StepStatus.QUEUED, StepStatus.SENDING, StepStatus.UNCERTAIN}),
    Reported.UNKNOWN: frozenset(),
}


def together(reports: Iterable[Report]) -> Report | None:
    """The report that decides: delivered once all parts are, failed once one is, else sent; None without reports."""
    decisive: Report | None = None
    by_part: dict[int, Report] = {}
    for report in reports:
        if report.part is None:
            decisive = _stronger(decisive, report)
        else:
            by_part[report.part] = _stronger(by_part.get(report.part), report)
    return _stronger(decisive, _of_parts(by_part)) if by_part else decisive


def status_after(status: StepStatus, reported: Reported) -> StepStatus:
    """The status of a reply after a report.

    >>> status_after(StepStatus.UNCERTAIN, Reported.DELIVERED), status_after(StepStatus.DELIVERED, Reported.FAILED)
    (<StepStatus.DELIVERED: 'delivered'>, <StepStatus.DELIVERED: 'delivered'>)
    """
    return StepStatus(reported.value) if status in FOLLOWS[reported] else status


def _stronger(one: Report | None, other: Report) -> Report:
    return one if one is not None and STRENGTH[one.reported] >= STRENGTH[other.reported] else other


def _of_parts(by_part: Mapping[int, Report]) -> Report:
    failed = [report for report in by_part.values() if report.reported is Reported.FAILED]
    if failed:
        return failed[0]
    last = max(by_part.values(), key=lambda report: report.happened_at or report.received_at)
    delivered = {part for part, report in by_part.items() if report.reported is Reported.DELIVERED}
    if len(delivered) >= max(report.parts or 1 for report in by_part.values()):
        return replace(last, reported=Reported.DELIVERED)
    is_known = any(report.reported is not Reported.UNKNOWN for report in by_part.values())
    return replace(last, reported=Reported.SENT if is_known else Reported.UNKNOWN)


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
