"""What a start page shows: the newest texts, what waits for a person, and what met no rule."""

from dataclasses import dataclass
from datetime import datetime

from responder.core.contact.effects import StepKind
from responder.core.operations.records import DeliveryRecord, MessageRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedLine:
    """A message in one line, with all that left because of it; ``seq`` is its place in the inbox."""

    seq: int
    message: MessageRecord
    deliveries: tuple[DeliveryRecord, ...] = ()

    @property
    def replies(self) -> tuple[DeliveryRecord, ...]:
        """The texts that answered it."""
        return tuple(one for one in self.deliveries if one.kind is StepKind.REPLY)

    @property
    def calls(self) -> tuple[DeliveryRecord, ...]:
        """The webhooks that were called."""
        return tuple(one for one in self.deliveries if one.kind is StepKind.WEBHOOK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What waits: for a person, for another try, for a rule, for an answer."""

    handoffs: int
    given_up: int
    unmatched_today: int
    unanswered_today: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """What changes whenever a page of its kind would; two that are equal need no new look."""

    inbox: str
    appointments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedGroup:
    """Texts that met no rule and are alike once folded; the text, destination and key are those of the newest."""

    folded: str
    count: int
    last_at: datetime
    text: str
    destination: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleUse:
    """How often a rule applied, and when last."""

    rule: str
    count: int
    last_at: datetime
