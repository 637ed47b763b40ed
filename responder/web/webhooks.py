"""Forms that the gateway posts: from the gate to the acknowledgement, which is said once all of it is committed."""

import abc
import asyncio
import ipaddress
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from responder.core.outbound.gateway import Clock, Gateway
from responder.core.sms.message import Channel
from responder.errors import StorageError
from responder.intake import Intake
from responder.store.outbound.reports import SqlReports
from responder.web.forms import read_form

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Gate:
    """Who may hand in messages: those who know a token, if there are tokens, and come from an allowed address, if there are any."""

    def __init__(self, tokens: Sequence[str], networks: Sequence[Network]) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._networks = networks

    def lets_in(self, token: str, host: str) -> bool:
        """Whether a request may hand in a message; every token is compared in full, so that time tells nothing."""
        given = token.encode("utf-8", "replace")
        known = [secrets.compare_digest(given, expected) for expected in self._tokens]
        return (any(known) if self._tokens else not token) and self._allows(host)

    def _allows(self, host: str) -> bool:
        if not self._networks:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


LARGEST_BODY = 64 * 1024  # bytes (contract, section 4)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """A form that was let in; ``began_at`` is the monotonic time at which its request came."""

    form: Mapping[str, str]
    body: bytes
    received_at: datetime
    began_at: float


class FormEndpoint(abc.ABC):
    """An endpoint as a bare ASGI application: it is called for every message, so it makes nothing that it does not need."""

    what: ClassVar[str]
    """What is handed in, for the log."""

    def __init__(self, *, gate: Gate, clock: Clock, ack: bytes) -> None:
        self._gate = gate
        self._clock = clock
        self._ok = _answer(200, ack)

    @abc.abstractmethod
    async def take(self, posted: Posted) -> None:
        """Commit what a form holds. Raises StorageError, and what was committed by then does no harm when it comes again."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for part in await self._answer_to(scope, receive):
            await send(part)

    async def _answer_to(self, scope: Scope, receive: Receive) -> Sequence[AsgiMessage]:
        began_at, received_at = time.monotonic(), self._clock()
        client = scope.get("client")
        if not self._gate.lets_in(scope["path_params"].get("token", ""), client[0] if client else ""):
            return NOT_FOUND
        if scope["method"] != "POST":
            return NOT_ALLOWED
        try:
            body = await _read_body(receive)
        except ConnectionError:
            return ()
        if body is None:
            return TOO_LARGE
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        form = read_form(body, content_type.decode("latin-1"))
        try:
            await self.take(Posted(form=form, body=body, received_at=received_at, began_at=began_at))
        except StorageError as error:
            logger.error("%s refused, the gateway will send it again reason=%s", self.what, error)  # noqa: TRY400
            return UNAVAILABLE
        return self._ok


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large. Raises ConnectionError if the other side hung up half-way."""
    body = b""
    more = True
    while more and len(body) <= LARGEST_BODY:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise ConnectionResetError
        body += part.get("body", b"")
        more = part.get("more_body", False)
    return body if len(body) <= LARGEST_BODY else None


def _answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Sequence[AsgiMessage]:
    """A whole response in plain text."""
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    return (
        {"type": "http.response.start", "status": status, "headers": plain},
        {"type": "http.response.body", "body": body},
    )


CLOSE = (b"connection", b"close")
NOT_FOUND = _answer(404, b"not found\n")
NOT_ALLOWED = _answer(405, b"only POST\n", (b"allow", b"POST"))
TOO_LARGE = _answer(413, b"the body is larger than 64 KiB\n", CLOSE)
UNAVAILABLE = _answer(503, b"storage is not available, send again later\n", (b"retry-after", b"60"))


class SmsWebhook(FormEndpoint):
    """The endpoint of messages."""

    what = "message"

    def __init__(self, *, gateway: Gateway, intake: Intake, gate: Gate, clock: Clock) -> None:
        super().__init__(gate=gate, clock=clock, ack=gateway.ack)
        self._gateway = gateway
        self._intake = intake

    async def take(self, posted: Posted) -> None:
        """Commit the message. Raises StorageError."""
        message = self._gateway.read_inbound(posted.form, posted.body, posted.received_at, Channel.WEBHOOK)
        await self._intake.take(message, posted.began_at)


logger = logging.getLogger(__name__)


class DeliveryWebhook(FormEndpoint):
    """The endpoint of delivery reports."""

    what = "reports"

    def __init__(self, *, gateway: Gateway, reports: SqlReports, intake: Intake, gate: Gate, clock: Clock) -> None:
        super().__init__(gate=gate, clock=clock, ack=gateway.ack)
        self._gateway = gateway
        self._reports = reports
        self._intake = intake

    async def take(self, posted: Posted) -> None:
        """Commit the reports, with the fates that they tell, and the messages. Raises StorageError."""
        events = self._gateway.read_events(posted.form, posted.body, posted.received_at)
        if events.unread:
            logger.warning(
                "events that are neither a report with an id nor a text were left out count=%d", events.unread
            )
        for key, status in await self._reports.add(events.reports, posted.received_at):
            logger.info("report settled key=%s status=%s", key, status)
        await asyncio.gather(*(self._intake.take(message, posted.began_at) for message in events.inbound))
