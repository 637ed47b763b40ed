"""What is written in one turn of the event loop leaves together."""

import asyncio
import socket
import struct

LINGER_S = 20.0  # for a peer to read its last answer
RESET = struct.pack("ii", 1, 0)


class Gathered:
    """A transport whose pieces of one turn are one call to the system, and mostly one packet: uvicorn writes head and body apart."""

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
        """Send this with what else comes in this turn."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Send what there is and close, at the latest when the peer has had its time to read."""
        if self._transport.is_closing():
            return
        self._flush()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(self._linger_s, self.abort)

    def abort(self) -> None:
        """Close at once; what was not read is thrown away by the system too."""
        self._pieces.clear()
        if self._transport.get_write_buffer_size():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    def _flush(self) -> None:
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()
