"""What the gateway posts: let in at the gate or refused, read, and acknowledged once all of it is committed."""

import asyncio
import ipaddress
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from responder.core.outbound.gateway import LARGEST_BODY, Clock, Events, Gateway, Posted
from responder.errors import StorageError
from responder.intake import Intake
from responder.store.outbound.reports import SqlReports
from responder.web.forms import read_form

LOG_EVERY_S = 60.0

logger = logging.getLogger(__name__)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PLAIN = "text/plain; charset=utf-8"
WRONG_TOKEN = "webhook called with a wrong token"  # noqa: S105  (a reason)
MISSING_TOKEN = "webhook called without its token"  # noqa: S105  (a reason)
NOT_ALLOWED = "webhook called from an address that RESPONDER_ALLOWED_IPS does not name"
UNTRUSTED = "webhook called without the gateway's proof"


class Refusals:
    """Counts refused requests by reason, so that no stranger fills the log."""

    def __init__(self, log_every_s: float = LOG_EVERY_S) -> None:
        self._log_every_s = log_every_s
        self.totals: Counter[str] = Counter()  # since the process started
        self._counts: Counter[str] = Counter()  # since they were last logged
        self._is_quiet = False

    def count(self, reason: str) -> None:
        self.totals[reason] += 1
        self._counts[reason] += 1
        if not self._is_quiet:
            self._log()

    def _log(self) -> None:
        self._is_quiet = bool(self._counts)
        for reason, count in self._counts.items():
            logger.warning("requests refused reason=%s count=%d", reason, count)
        self._counts.clear()
        if self._is_quiet:
            asyncio.get_running_loop().call_later(self._log_every_s, self._log)


class Gate:
    """Who may post: whoever knows a token and comes from an allowed address, where these are set."""

    def __init__(self, tokens: Sequence[str], networks: Sequence[Network]) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._networks = networks

    def refusal(self, token: str, host: str) -> str | None:
        """Why a request may not come in; None if it may. Each token is compared in full, so timing reveals nothing."""
        given = token.encode("utf-8", "replace")
        matches = [secrets.compare_digest(given, expected) for expected in self._tokens]
        if not (any(matches) if self._tokens else not token):
            return WRONG_TOKEN if token else MISSING_TOKEN
        return None if self._allows(host) else NOT_ALLOWED

    def _allows(self, host: str) -> bool:
        if not self._networks:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def _answer(
    status: int, body: bytes, *headers: tuple[bytes, bytes], content_type: str = PLAIN
) -> Sequence[AsgiMessage]:
    """A whole response, ready to be sent as often as needed."""
    kind, length = (b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())
    return (
        {"type": "http.response.start", "status": status, "headers": [kind, length, *headers]},
        {"type": "http.response.body", "body": body},
    )


CLOSE = (b"connection", b"close")
UNREADABLE = _answer(400, b"this cannot be read\n")
NOT_FOUND = _answer(404, b"not found\n")
TOO_LARGE = _answer(413, b"the body is larger than 64 KiB\n", CLOSE)
UNAVAILABLE = _answer(503, b"storage is not available, send again later\n", (b"retry-after", b"60"))


@dataclass(kw_only=True)
class Webhooks:
    """The gateway's addresses as bare ASGI applications: every message passes through, so they do little."""

    gateway: Gateway
    gate: Gate
    intake: Intake
    reports: SqlReports
    clock: Clock
    refusals: Refusals = field(default_factory=Refusals)

    def __post_init__(self) -> None:
        allowed, ack = ", ".join(self.gateway.methods).encode(), self.gateway.ack
        self._not_allowed = _answer(405, b"only " + allowed + b"\n", (b"allow", allowed))
        self._acknowledged = _answer(ack.status, ack.body, content_type=ack.content_type)

    async def sms(self, scope: Scope, receive: Receive, send: Send) -> None:
        for part in await self._answer_to(scope, receive, "message", self.gateway.read_inbound):
            await send(part)

    async def delivery(self, scope: Scope, receive: Receive, send: Send) -> None:
        for part in await self._answer_to(scope, receive, "reports", self.gateway.read_reports):
            await send(part)

    async def _answer_to(
        self, scope: Scope, receive: Receive, what: str, read: Callable[[Posted], Events]
    ) -> Sequence[AsgiMessage]:
        began_at, received_at = time.monotonic(), self.clock()
        client = scope.get("client")
        if refusal := self.gate.refusal(scope["path_params"].get("token", ""), client[0] if client else ""):
            self.refusals.count(refusal)
            return NOT_FOUND
        if scope["method"] not in self.gateway.methods:
            return self._not_allowed
        try:
            body = await _read_body(receive)
        except ConnectionError:
            return ()
        if body is None:
            return TOO_LARGE
        posted = _posted(scope, body, received_at)
        try:
            events = read(posted) if self.gateway.trusts(posted) else None
        except Exception as error:  # noqa: BLE001  (whatever the gateway's code stumbles over, a retry would not help)
            self.refusals.count(f"unreadable {what} ({type(error).__name__})")
            return UNREADABLE
        if events is None:
            self.refusals.count(UNTRUSTED)
            return NOT_FOUND
        try:
            await self._commit(events, received_at, began_at)
        except StorageError as error:
            logger.error("%s refused, the gateway will send it again reason=%s", what, error)  # noqa: TRY400
            return UNAVAILABLE
        return self._acknowledged

    async def _commit(self, events: Events, received_at: datetime, began_at: float) -> None:
        """Commit what was posted. If StorageError comes half-way, posting it all again does no harm."""
        if events.unread:
            logger.warning(
                "events that are neither a report with an id nor a text were left out count=%d", events.unread
            )
        if events.reports:
            for key, status in await self.reports.add(events.reports, received_at):
                logger.info("report settled key=%s status=%s", key, status)
        if len(events.inbound) == 1:  # as nearly always: a task for it would cost more than the rest of this method
            await self.intake.take(events.inbound[0], began_at)
        else:
            await asyncio.gather(*(self.intake.take(message, began_at) for message in events.inbound))


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


def _posted(scope: Scope, body: bytes, received_at: datetime) -> Posted:
    headers = scope["headers"]
    content_type = b""
    for name, value in headers:  # a generator for each message would cost three times as much
        if name == b"content-type":
            content_type = value
            break
    return Posted(
        body=body,
        received_at=received_at,
        form=read_form(body, content_type.decode("latin-1")),
        headers=headers,
        query=scope.get("query_string", b""),
        method=scope["method"],
    )
