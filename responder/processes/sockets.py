"""Sockets: a door that is open to this user alone, and whether something else has the port of web."""

import asyncio
import errno
import shutil
import socket
import tempfile
import time
from pathlib import Path

from responder.errors import ConfigurationError

KNOCKING = 128  # connections that the system keeps while nobody serves


async def wait_for_port(host: str, port: int, limit_s: float = 0.0) -> None:
    """Wait until web's port is free; ConfigurationError if it stays taken."""
    gives_up_at = time.monotonic() + limit_s
    while _is_taken(host, port):
        if time.monotonic() >= gives_up_at:
            taken = f"RESPONDER_PORT: {port} is taken on {host}, by another responder or another program"
            raise ConfigurationError(f"{taken}: end that one, or set another port")
        await asyncio.sleep(0.1)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


class Door:
    """A socket in a folder of its own, which outlives the processes that serve at it one after the other.

    Raises ConfigurationError, with the remedy, if there is no place for it.
    """

    def __init__(self, name: str) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="responder-"))
        except OSError as error:
            raise ConfigurationError(f"no temporary folder can be written ({error.strerror}): set TMPDIR") from None
        self.path = str(self._folder / name)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(KNOCKING)
        self.number = self._socket.fileno()

    async def knocked(self) -> None:
        """Return when somebody waits at it."""
        loop, has_knocked = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.number, has_knocked.set)
        try:
            await has_knocked.wait()
        finally:
            loop.remove_reader(self.number)

    def shut(self) -> None:
        """Have nothing to do with it any more; when the last process has shut it, all who wait are turned away."""
        self._socket.close()

    def close(self) -> None:
        """Shut it and leave nothing behind."""
        self.shut()
        shutil.rmtree(self._folder, ignore_errors=True)
