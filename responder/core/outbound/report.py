"""Delivery reports: what the gateway says later about a reply, and the status that follows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from responder.core.contact.effects import StepStatus


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
