"""HTTP connections with limits that uvicorn does not have: how large a header may be, and how slowly a request may come."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from responder.web.gathered import Gathered

LARGEST_HEADER = 16 * 1024  # bytes of request line and headers together
REQUEST_DEADLINE_S = 10.0  # for header and body; one timer for both costs less than a timeout around each read
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection; it is closed when a header grows too large or a request has not arrived in time."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  (uvicorn's own)
        super().__init__(*arguments, **named)
        self._header_bytes: int | None = 0
        self._is_owed = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it as well
        """A peer has connected, and owes us a request."""
        super().connection_made(cast("asyncio.Transport", Gathered(transport, self.loop)))
        self._start_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come; mostly a whole request, which needs no timer."""
        if self._header_bytes is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._is_owed and self._deadline is None:
            self._start_waiting()
        if self._header_bytes is not None and self._header_bytes > LARGEST_HEADER and not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_owed = True
        if self._header_bytes is None:
            self._header_bytes = 0

    def on_headers_complete(self) -> None:
        """The header is whole."""
        self._header_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._is_owed = False
        if self._deadline is not None:
            self._stop_waiting()
        super().on_message_complete()

    def _start_waiting(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_DEADLINE_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
