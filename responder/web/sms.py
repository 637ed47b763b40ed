"""POST /webhook/sms[/TOKEN]: a form becomes a message, and ``+OK`` is said once it is committed."""

import ipaddress
import logging
import secrets
import time
from collections.abc import Sequence

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from responder.core.gateway import Gateway
from responder.core.message import Channel
from responder.core.ports import Clock
from responder.errors import StorageError
from responder.intake import Intake
from responder.web.forms import read_form

LARGEST_BODY = 64 * 1024  # bytes (contract, section 4)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

logger = logging.getLogger(__name__)


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


class SmsWebhook:
    """The endpoint, as a bare ASGI application: it is called for every message, so it makes nothing that it does not need."""

    def __init__(self, *, gateway: Gateway, intake: Intake, gate: Gate, clock: Clock) -> None:
        self._gateway = gateway
        self._intake = intake
        self._gate = gate
        self._clock = clock
        self._ok = answer(200, gateway.ack)

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
            body = await read_body(receive)
        except ConnectionError:
            return ()
        if body is None:
            return TOO_LARGE
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        form = read_form(body, content_type.decode("latin-1"))
        message = self._gateway.read_inbound(form, body, received_at, Channel.WEBHOOK)
        try:
            await self._intake.take(message, began_at)
        except StorageError as error:
            logger.error("message refused, the gateway will send it again reason=%s", error)  # noqa: TRY400
            return UNAVAILABLE
        return self._ok


async def read_body(receive: Receive) -> bytes | None:
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


def answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Sequence[AsgiMessage]:
    """A whole response in plain text."""
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    return ({"type": "http.response.start", "status": status, "headers": plain}, {"type": "http.response.body", "body": body})


CLOSE = (b"connection", b"close")
NOT_FOUND = answer(404, b"not found\n")
NOT_ALLOWED = answer(405, b"only POST\n", (b"allow", b"POST"))
TOO_LARGE = answer(413, b"the body is larger than 64 KiB\n", CLOSE)
UNAVAILABLE = answer(503, b"storage is not available, send again later\n", (b"retry-after", b"60"))
