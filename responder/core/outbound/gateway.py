"""What a gateway is: one provider's dialect in both directions. It builds and reads; it never connects."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from responder.core.contact.effects import Step
from responder.core.outbound.fates import Report
from responder.core.sms.message import Inbound

LARGEST_BODY = 64 * 1024  # bytes of a request to us (contract, section 4)
LONGEST_ANSWER = 64 * 1024  # bytes of an answer to us: nothing that we look for comes later


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call for the client to make; its ``repr`` hides URL, headers and body.

    A ``guarded`` call reaches public addresses only, since others chose its URL.
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
    """What came back: the status, the headers with lower-case names, and the beginning of the body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The provider took a message: its id for it and the segments it counted, None if unsaid."""

    gateway_id: str | None = None
    segments: int | None = None


class Posted(NamedTuple):
    """A request that a gateway made to us; its ``repr`` shows only the size.

    No dataclass: one is made for every message, and a frozen one takes half a microsecond longer.
    """

    body: bytes
    received_at: datetime
    form: Mapping[str, str] = MappingProxyType({})
    """The fields of a form, the first of each, with lower-case names; meaningless for other bodies."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    query: bytes = b""
    method: str = "POST"

    def __repr__(self) -> str:
        return f"Posted({len(self.body)} bytes)"

    def header(self, name: str) -> str:
        """The first header of a lower-case name; empty if there is none."""
        raw_name = name.encode()
        return next((value.decode("latin-1") for given, value in self.headers if given == raw_name), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a gateway wants to hear once everything it posted is committed."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Events:
    """What a request holds: messages, delivery reports, and how many entries that are neither."""

    inbound: tuple[Inbound, ...] = ()
    reports: tuple[Report, ...] = ()
    unread: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A text for `responder text`, to be sent as the gateway would send it."""

    originator: str
    destination: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MailTrust:
    """Which mails to believe: from these senders (by default the gateway's), and perhaps only signed ones.

    With ``receiver``, only that mail server's verdict on signatures counts. A line that begins with ``footer``, and
    what stands below it, is none of a text.
    """

    senders: Sequence[str] = ()
    needs_signature: bool = False
    receiver: str = ""
    footer: str = ""


OTHER_SENDER = "it has another sender"
UNSIGNED = "it bears no signature of its sender that the receiving server has found good"


class MailReader(Protocol):
    """Reads the mails of a gateway."""

    def refusal(self, head: bytes) -> str | None:
        """Why a mail with this head is not the gateway's; None if it is."""

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        """The messages in a mail; a malformed one if the mail is not understood."""

    def sample(self, sample: Sample) -> bytes:
        """A mail with the text, which this reader believes."""


POST: Collection[str] = ("POST",)


class Gateway(Protocol):
    """One provider."""

    name: str
    methods: Collection[str]
    """The HTTP methods it calls us with."""
    ack: Answer

    def trusts(self, posted: Posted) -> bool:
        """Whether a request is the provider's, for example by its signature; any other is not stored."""

    def read_inbound(self, posted: Posted) -> Events:
        """What was posted to the address for messages; one without originator or destination is malformed."""

    def read_reports(self, posted: Posted) -> Events:
        """What was posted to the address for delivery reports, where messages may arrive too."""

    def sample(self, sample: Sample) -> Posted:
        """The request by which the gateway would deliver the text."""

    def mail_reader(self, trust: MailTrust) -> MailReader | None:
        """The reader of the gateway's mails; None if it sends none."""

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""

    def read_response(self, response: Response) -> Taken:
        """What the provider says of a message that it took.

        Raises TransientError if it certainly did not take it but may next time, PermanentError if it refused it for
        good, AccessError if it refuses everything, and UncertainError if it may have taken it.
        """

    def build_credit(self) -> Call | None:
        """The GET that asks for the remaining credit; None if the gateway cannot be asked."""

    def read_credit(self, response: Response) -> Decimal:
        """The remaining credit.

        Raises AccessError if everything is refused, and TransientError or PermanentError if the answer does not say.
        """


Clock = Callable[[], datetime]
"""The time, in UTC."""


class Job(StrEnum):
    """What a worker can be woken for."""

    HANDLE = "handle"
    REPLIES = "deliver_replies"
    WEBHOOKS = "deliver_webhooks"
    REMINDERS = "queue_reminders"


class Bell(Protocol):
    """Wakes a worker; nothing depends on it."""

    def ring(self, job: Job) -> None:
        """Say that something waits. Never waits and never fails."""


class Pace(Protocol):
    """Limits how fast texts go out."""

    async def take(self, count: int) -> int:
        """How many of so many texts may go now."""


class Client(Protocol):
    """Makes calls."""

    async def post(self, call: Call) -> Response:
        """The response to a call.

        Raises TransientError if the body certainly did not go out, and UncertainError if it may have.
        """

    async def get(self, call: Call) -> Response:
        """The response to a question. Raises the same errors."""
