"""What a gateway is: a provider's dialect in both directions, that builds and reads and never connects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from responder.core.contact.effects import Step
from responder.core.outbound.report import Report
from responder.core.sms.message import Channel, Inbound

LONGEST_ANSWER = 64 * 1024  # nothing that we look for comes later


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call that somebody else makes; headers and body stay out of every representation.

    A guarded call goes to public addresses alone, since its URL was not chosen by who runs the service.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    connect_timeout_s: float = 5.0
    timeout_s: float = 15.0
    guarded: bool = False
    longest_answer: int = LONGEST_ANSWER  # bytes of the answer's body that are read


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back: the status, the headers with names in small letters, and the first of the body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a provider says of a message that it took: its own id, and how many segments it counted; None for what it does not tell."""

    gateway_id: str | None = None
    segments: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Events:
    """What a gateway calls back with: reports on replies, messages from phones, and how many things that are neither."""

    reports: tuple[Report, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    unread: int = 0


class Gateway(Protocol):
    """One provider."""

    name: str
    ack: bytes
    """What the provider wants to hear, byte for byte."""

    def read_inbound(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in a form; one without originator or destination comes back as malformed."""

    def read_events(self, form: Mapping[str, str], raw: bytes, received_at: datetime) -> Events:
        """The delivery reports in a request, as JSON or as a form, and the messages that came with them."""

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""

    def read_response(self, response: Response) -> Taken:
        """What the provider says of a message that it took.

        Raises TransientError if the message was certainly not taken and may be tried again, PermanentError if it was refused for
        good, AccessError if everything is refused, and UncertainError if it may have been taken.
        """

    def build_credit(self) -> Call | None:
        """The question how much credit is left, to be asked with GET; None without a key."""

    def read_credit(self, response: Response) -> Decimal:
        """The credit that is left.

        Raises AccessError if everything is refused, and TransientError or PermanentError if the answer does not tell it.
        """


Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


class Job(StrEnum):
    """What a worker can be woken for."""

    HANDLE = "handle"
    REPLIES = "deliver_replies"
    WEBHOOKS = "deliver_webhooks"


class Bell(Protocol):
    """Wakes a worker; nothing ever rests on it."""

    def ring(self, job: Job) -> None:
        """Say that something waits. Never waits and never fails."""


class Pace(Protocol):
    """Says how fast texts may go out."""

    async def take(self, wanted: int) -> int:
        """How many of the texts may go now."""


class Client(Protocol):
    """Makes calls."""

    async def post(self, call: Call) -> Response:
        """The response to a call.

        Raises TransientError if the body certainly did not go out, and UncertainError if it may have.
        """

    async def get(self, call: Call) -> Response:
        """The response to a question. Raises the same errors."""
