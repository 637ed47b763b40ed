"""Changes of lists that an operator or a file asks for, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from responder.core.contact.known import SubscriptionStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberChange:
    """What an operator wants of one number and list; ``evidence`` says where the consent comes from."""

    originator: str
    list: str
    status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED
    since: datetime | None = None
    language: str | None = None
    evidence: str = ""


class Outcome(StrEnum):
    """What became of one change."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of all changes.

    ``left_out`` has the places of those that would have brought back someone who opted out.
    """

    counts: Mapping[Outcome, int]
    left_out: Sequence[int] = field(default_factory=tuple)
