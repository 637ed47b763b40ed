"""What a start page shows: the newest texts with what became of them, and how much waits for a person."""

from dataclasses import dataclass

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
