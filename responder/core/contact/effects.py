"""What a plan consists of: effects on what is known of an originator, and steps to the outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from responder.core.contact.question import Ask, CloseQuestion
from responder.core.sms.lazily import lazily
from responder.core.sms.text import size

VALID_FOR = timedelta(hours=6)  # how long a reply is of use, unless the rule says otherwise


class AppointmentStatus(StrEnum):
    """The state of an appointment."""

    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    RESCHEDULE_REQUESTED = "reschedule_requested"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscribe:
    """The originator joins a list, for good or for a while."""

    list: str
    lasts: timedelta | None = None
    asks: bool = False  # whether they were only asked to: the subscription is pending
    brought_back: bool = False  # by START, after STOP had taken it


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsubscribe:
    """The originator leaves a list.

    ``ends_at`` is when the subscription would have ended anyway, so that START brings back no more than STOP took.
    """

    list: str
    taken_by_stop: bool = False
    ends_at: datetime | None = None
    confirmed: bool = False  # whether this plan also sends the one confirmation, as after STOP NEWS


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOut:
    """The originator wants no texts at all."""

    word: str
    confirmed: bool = False  # whether this plan also sends the one confirmation


@dataclass(frozen=True, kw_only=True, slots=True)
class OptIn:
    """The originator may be texted again."""

    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeAppointment:
    """The originator answered about an appointment."""

    id: str
    status: AppointmentStatus
    is_chosen: bool = field(default=False, compare=False)  # from a list, so that no other can be meant


@dataclass(frozen=True, kw_only=True, slots=True)
class SetField:
    """Something that the originator said about themselves."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetLanguage:
    """The language that the originator uses."""

    language: str
    implied: bool = False  # by the words of a text that is about something else


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenHandOff:
    """A person should look at the message.

    While one that ``holds_marketing`` is open, no offers go out, since ``word`` may have been a stop. During a
    ``pause`` neither rules nor the fallback answer the number; closing the hand-off ends it.
    """

    reason: str
    holds_marketing: bool = False
    word: str = ""
    pause: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseDoubts:
    """What the originator says is clear, so that every doubt whether they want texts is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TellUnclear:
    """The originator hears that an answer about an appointment was not understood, which happens once."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordUse:
    """A rule or reply with a cooldown was used for the originator; ``by_reply`` if it is a reply."""

    of: str
    by_reply: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """The originator exceeded a limit and gets no automatic answers for a while."""

    until: datetime


Detail = SetField | SetLanguage  # what originators say about themselves
Ordered = Subscribe | Unsubscribe | OptOut | OptIn | ChangeAppointment | Detail  # the newest word wins
Explained = Ordered | OpenHandOff | CloseDoubts | Ask | CloseQuestion | TellUnclear | Mute  # which an explanation shows
Effect = Explained | RecordUse


class StepKind(StrEnum):
    """What a step does."""

    REPLY = "reply"
    WEBHOOK = "webhook"


class Purpose(StrEnum):
    """Why a reply is sent, which decides whether an opt-out holds it back."""

    ANSWER = "answer"
    CONFIRMATION = "confirmation"
    HELP = "help"
    WELCOME = "welcome"
    REMINDER = "reminder"
    DIALOGUE = "dialogue"  # answers what the originator answered to us
    NOTICE = "notice"  # says that no more automatic answers come for a while
    PERSON = "person"  # what a person of ours wrote


class StepStatus(StrEnum):
    """What has happened to a step."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    SUPPRESSED = "suppressed"
    SIMULATED = "simulated"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An MT that answers an MO, not yet a step; ``leaves_at`` is None if it leaves at once."""

    text: str
    purpose: Purpose = Purpose.ANSWER
    delay: timedelta | None = None
    valid_for: timedelta = VALID_FOR
    leaves_at: datetime | None = None
    expires_at: datetime | None = None
    held_back: str | None = None  # why it does not go out, though a rule wants it
    note: str | None = None  # for the explanation
    is_instead: bool = False  # whether it takes the place of the other replies of its rule
    asks: str = ""  # the key of the question that it asks
    uses: tuple[str, ...] = ()  # the names of the cooldowns that it starts

    @lazily
    def segments(self) -> int:
        return size(self.text).segments


@dataclass(frozen=True, kw_only=True, slots=True)
class Awaited:
    """A reply that waits for a webhook's answer, with the text that goes out ``otherwise``.

    ``languages`` are those of the originator, the best first; ``zone`` is that of dates and times.
    """

    text: str
    values: Mapping[str, Any]
    otherwise: str | None
    max_segments: int
    languages: tuple[str, ...]
    zone: str = ""
    purpose: Purpose = Purpose.ANSWER
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookCall:
    """A call to one of the file's webhooks, not yet a step; its answer may fill a reply."""

    to: str
    data: Mapping[str, str] = field(default_factory=dict)
    awaited: Awaited | None = None
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One call to the outside, queued with the plan that wants it.

    ``to`` is a number or the name of a webhook, ``content`` a text or the JSON of a webhook, ``sender`` our number.
    A delayed step has ``leaves_at``; ``arrived_at`` is when the text that led to it came. ``uses`` names the cooldowns
    that it starts.
    """

    key: str
    message_key: str
    kind: StepKind
    originator: str
    to: str
    content: str
    sender: str = ""
    purpose: Purpose = Purpose.ANSWER
    segments: int = 0
    expires_at: datetime | None = None
    leaves_at: datetime | None = None
    awaited: Awaited | None = None
    arrived_at: datetime | None = None
    uses: tuple[str, ...] = ()
