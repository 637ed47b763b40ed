"""What a gateway is: one provider's dialect, both ways. It builds and reads; it never connects."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from responder.core.contact.effects import Step
from responder.core.outbound.report import Report
from responder.core.sms.message import Inbound

LARGEST_BODY = 64 * 1024  # bytes of a request to us (contract, section 4)
LONGEST_ANSWER = 64 * 1024  # bytes of an answer to us: nothing that we look for comes later


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call for somebody else to make; URL, headers and body stay out of its representation.

    A guarded call reaches public addresses only, since its URL was not chosen by whoever runs the service.
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
    """What came back: the status, the headers with names in small letters, and the beginning of the body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The provider took a message: its id for it and the segments it counted, None if unsaid."""

    gateway_id: str | None = None
    segments: int | None = None


class Posted(NamedTuple):
    """A request that a gateway made to us, whole; only its size shows in a representation.

    No dataclass, since one is made for every message: a frozen one takes half a microsecond longer.
    """

    body: bytes
    received_at: datetime
    form: Mapping[str, str] = MappingProxyType({})
    """The fields of a body that is a form: names in small letters, the first of each; else meaningless."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    query: bytes = b""
    method: str = "POST"

    def __repr__(self) -> str:
        return f"Posted({len(self.body)} bytes)"

    def header(self, name: str) -> str:
        """The first header of a name, which is given in small letters; empty if there is none."""
        wanted = name.encode()
        return next((value.decode("latin-1") for given, value in self.headers if given == wanted), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a gateway wants to hear once everything it posted is committed."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Events:
    """What a request holds: messages from phones, reports on replies, and how many things that are neither."""

    inbound: tuple[Inbound, ...] = ()
    reports: tuple[Report, ...] = ()
    unread: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A text for `responder text`, to be written as the gateway would write it."""

    originator: str
    destination: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MailTrust:
    """Which mails to believe: from these senders (the gateway's own if none), and perhaps only signed ones.

    With ``receiver``, only the word of the receiving server of that name counts.
    """

    senders: Sequence[str] = ()
    needs_signature: bool = False
    receiver: str = ""


OTHER_SENDER = "it has another sender"
UNSIGNED = "it bears no signature of its sender that the receiving server has found good"


class MailReader(Protocol):
    """Reads the mails of a gateway."""

    def refusal(self, head: bytes) -> str | None:
        """Why a mail with this head is not the gateway's; None if it is."""

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        """The messages in a mail; a malformed one if the mail is not understood."""

    def sample(self, sample: Sample) -> bytes:
        """A mail that brings the text, and that this reader believes."""


POST: Collection[str] = ("POST",)


class Gateway(Protocol):
    """One provider."""

    name: str
    methods: Collection[str]
    """The HTTP methods it calls us with."""
    ack: Answer

    def trusts(self, posted: Posted) -> bool:
        """Whether a request is the provider's, by a signature for instance; nothing of another is stored."""

    def read_inbound(self, posted: Posted) -> Events:
        """What was posted to the address of messages; one without originator or destination is malformed."""

    def read_reports(self, posted: Posted) -> Events:
        """What was posted to the address of delivery reports, where messages may come too."""

    def sample(self, sample: Sample) -> Posted:
        """The request by which the gateway would hand in the text."""

    def mail_reader(self, trust: MailTrust) -> MailReader | None:
        """The reader of the gateway's mails; None if it writes none."""

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""

    def read_response(self, response: Response) -> Taken:
        """What the provider says of a message that it took.

        Raises TransientError if the message was certainly not taken and may be tried again, PermanentError if it was
        refused for good, AccessError if everything is refused, and UncertainError if it may have been taken.
        """

    def build_credit(self) -> Call | None:
        """The call that asks for the credit left, by GET; None if it cannot be asked for."""

    def read_credit(self, response: Response) -> Decimal:
        """The credit that is left.

        Raises AccessError if everything is refused, and TransientError or PermanentError if the answer does not say.
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
