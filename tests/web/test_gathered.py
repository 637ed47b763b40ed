"""What is written in one turn of the event loop leaves in one piece, in order, and before a connection closes."""

import asyncio

from responder.web.protocol import Gathered
from tests.conftest import wait_until


class Socket:
    """Takes every option."""

    def setsockopt(self, *_: object) -> None:
        """Take it."""


class Wire(asyncio.Transport):
    """Remembers what was sent, and when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes | str] = []
        self.unread = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.sent.append("closed")

    def abort(self) -> None:
        self.sent.append("aborted")

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return "closed" in self.sent

    def get_extra_info(self, name: str, default: object = None) -> object:
        if name == "socket":
            return Socket()
        return f"{name} of the wire" if default is None else default


def gathered(wire: Wire) -> Gathered:
    return Gathered(wire, asyncio.get_running_loop())


async def test_head_and_body_leave_together() -> None:
    wire = Wire()
    transport = gathered(wire)
    transport.write(b"head ")
    transport.write(b"body")
    await asyncio.sleep(0)
    assert wire.sent == [b"head body"]


async def test_what_comes_in_a_later_turn_leaves_by_itself() -> None:
    wire = Wire()
    transport = gathered(wire)
    for piece in (b"first", b"second"):
        transport.write(piece)
        await asyncio.sleep(0)
    assert wire.sent == [b"first", b"second"]


async def test_nothing_is_left_behind_by_closing() -> None:
    wire = Wire()
    transport = gathered(wire)
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert wire.sent == [b"last words", "closed"]


async def test_all_else_is_asked_of_the_connection_itself() -> None:
    assert gathered(Wire()).get_extra_info("peername") == "peername of the wire"  # type: ignore[operator]  # whatever the transport has


async def test_what_comes_after_the_end_goes_nowhere() -> None:
    wire = Wire()
    transport = gathered(wire)
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert wire.sent == ["closed"]


async def test_whoever_does_not_read_the_last_answer_is_cut_off() -> None:
    wire = Wire()
    wire.unread = 1
    Gathered(wire, asyncio.get_running_loop(), linger_s=0.01).close()
    await wait_until(lambda: wire.sent == ["closed", "aborted"])
