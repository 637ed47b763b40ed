"""A Redis of a test's own, which can be killed, frozen and started again at the same address."""

import asyncio
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from responder.processes.redis import find_server
from tests.conftest import wait_until


class OwnRedis:
    """A server on a socket of its own; nothing runs before ``start``."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rsp-"))
        self._socket = self._folder / "redis.sock"
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Its address, the same in all its lives."""
        return f"unix://{self._socket}"

    async def start(self, *options: str) -> None:
        """Start the server and wait until it answers."""
        fixed = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = await asyncio.create_subprocess_exec(
            find_server(), *fixed, *options, stdout=DEVNULL, stderr=DEVNULL
        )
        await wait_until(self.answers, 5, "redis")

    async def answers(self) -> bool:
        """Whether the server answers."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line == b"+PONG\r\n"

    async def kill(self) -> None:
        """End the server at once, with all that it held."""
        if self._process:
            self._process.kill()
            await self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let the server answer nothing, with all connections open."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    async def remove(self) -> None:
        """Leave nothing behind."""
        await self.kill()
        shutil.rmtree(self._folder)
