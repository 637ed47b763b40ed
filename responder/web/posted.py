"""Forms that the gateway posts: from the gate to the acknowledgement, which is said once all of it is committed."""

import abc
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from responder.core.ports import Clock
from responder.errors import StorageError
from responder.web.forms import read_form
from responder.web.gate import Gate

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
