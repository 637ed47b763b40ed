"""HTTP connections with the limits that uvicorn lacks; they hold in every state of a connection.

It rests on the inside of uvicorn's HttpToolsProtocol, so uvicorn is pinned to a minor version.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from responder.web.shares import Shares
from responder.web.webhooks import Refusals

LINGER_S = 20.0  # a peer's time to read its last answer
RESET = struct.pack("ii", 1, 0)


class Gathered:
    """A transport that sends all pieces of one turn together: uvicorn writes head and body apart."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, linger_s: float = LINGER_S
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._linger_s = linger_s
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send this with whatever else comes in this turn."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Send what there is and close, at the latest once the peer has had its time to read."""
        if self._transport.is_closing():
            return
        self._flush()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(self._linger_s, self.abort)

    def abort(self) -> None:
        """Close at once; the system throws away what was not read."""
        self._pieces.clear()
        if self._transport.get_write_buffer_size():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    def _flush(self) -> None:
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()


LARGEST_HEADER = 16 * 1024
FIELD_BYTES = 4  # of each field, besides its name and value
IN_A_CHUNK = 6  # bytes for each of a body, if every one comes in a chunk of its own
HEADER_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
VERSIONS = ("1.1", "1.0")
BAD = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a peer may send of a request besides its body, and how long it may take."""

    header_bytes: int = LARGEST_HEADER  # of request line, headers and trailers together
    fields: int = 100
    pipelined: int = 100  # requests that wait for the answer to another
    request_s: float = 10.0  # for header and body; one timer for both costs less than a timeout around each read
    drain_s: float = LINGER_S  # for the peer to read what was answered


class _TooMuch(Exception):
    """A request is too large without its body, or too many wait before it."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; it ends when a request grows too large, or when the peer keeps us waiting."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401  (uvicorn's own)
        limits: Limits | None = None,
        shares: Shares | None = None,
        refusals: Refusals | None = None,
        **named: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits or Limits()
        self._shares = shares
        self._refusals = refusals or Refusals()
        self._is_owed = True
        self._pending = 0  # bytes outside of bodies since a part of the request was last complete
        self._at_most = 0  # the most bytes that a header completed now can have
        self._deadline: asyncio.TimerHandle | None = None
        self._draining: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """A peer has connected and owes us a request."""
        super().connection_made(cast("asyncio.Transport", Gathered(transport, self.loop, self._limits.drain_s)))
        self._start_waiting()
        if self._shares:
            self._shares.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        if self._shares:
            self._shares.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come; mostly a whole request, which needs no timer."""
        self._unset_keepalive_if_required()
        self._pending += len(data)
        self._at_most = self._pending
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            self.cycle.keep_alive = False  # we speak no other protocol: it is answered as it is, and that was all
        except HttpParserError as error:
            self._refuse(HEADER_TOO_LARGE if isinstance(error.__context__, _TooMuch) else BAD)
            return
        if self._pending > self._limits.header_bytes or (self.headers and len(self.headers) > self._limits.fields):
            self._refuse(HEADER_TOO_LARGE)
        elif self._deadline is None and self._waits_for_peer():
            self._start_waiting()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_owed = True

    def on_headers_complete(self) -> None:
        """The header is complete; fields that come later are trailers, which nobody reads."""
        headers = self.headers
        if len(self.pipeline) >= self._limits.pipelined:
            raise _TooMuch
        if self._at_most > self._limits.header_bytes or len(headers) > self._limits.fields:
            self._check_size()
        version, hosts = self.parser.get_http_version(), [name for name, _ in headers].count(b"host")
        if hosts != 1 and not (hosts == 0 and version == "1.0"):
            raise ValueError("a request for no host, or for two (RFC 9112, 3.2)")
        if version not in VERSIONS:
            raise ValueError("a request of a version that we do not speak")
        super().on_headers_complete()
        self._pending = 0
        self.headers = []

    def _check_size(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + FIELD_BYTES for name, value in self.headers)
        if size > self._limits.header_bytes or len(self.headers) > self._limits.fields:
            raise _TooMuch

    def on_body(self, body: bytes) -> None:
        """A part of the body; the endpoint limits its size. Sizes and extensions of chunks may not outgrow it."""
        self._pending = max(0, self._pending - IN_A_CHUNK * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers:  # trailers
            self._check_size()
        self._is_owed = False
        self._pending = 0
        if self._deadline is not None:
            self._stop_waiting()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The peer does not read, or reads more slowly than we write."""
        super().pause_writing()
        self._draining = self.loop.call_later(self._limits.drain_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None
        super().resume_writing()

    def waited_s(self) -> float:
        """How long this connection has waited for its peer; nothing while a request is being worked on."""
        timers = [(self._draining, self._limits.drain_s)]
        if not self._is_running():
            timers += [
                (self._deadline, self._limits.request_s),
                (self.timeout_keep_alive_task, self.timeout_keep_alive),
            ]
        now = self.loop.time()
        return max((now - timer.when() + given_s for timer, given_s in timers if timer), default=0.0)

    def let_go(self) -> None:
        """Close, for the sake of other connections."""
        self._refusals.count("too many connections")
        if self._draining is None:
            self.transport.close()
        else:
            self.transport.abort()

    def _is_running(self) -> bool:
        return not self._is_owed and self.cycle is not None and not self.cycle.response_complete

    def _waits_for_peer(self) -> bool:
        return self._is_owed or (self.timeout_keep_alive_task is None and not self._is_running())

    def _refuse(self, answer: bytes) -> None:
        """Say what is wrong, unless another answer is on its way, and close."""
        self._stop_waiting()
        self._refusals.count(answer[9:12].decode())
        if not self.pipeline and (
            self.cycle is None or not self.cycle.response_started or self.cycle.response_complete
        ):
            self.transport.write(answer)
        self.transport.close()

    def _start_waiting(self) -> None:
        self._deadline = self.loop.call_later(self._limits.request_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._start_waiting()
        else:
            self.transport.close()
