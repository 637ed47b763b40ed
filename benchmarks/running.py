"""The processes that a benchmark measures, each with a log of its own, and none left behind."""

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from responder.processes.redis import find_server

ROOT = Path(__file__).parent.parent
START_LIMIT_S = 30.0
STOP_LIMIT_S = 35.0  # the service gives itself 30
POLL_S = 0.005
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"  # an interpreter of a user keeps what it has compiled
RULES = """
version: 1
lists:
  news: {title: Weekly news}
rules:
  - name: news-on
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome to {{ list.title }}. NEWS OFF to leave."
"""


class BenchmarkError(Exception):
    """A benchmark could not be run, so that it has no figures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A process that was started, and where it writes what it has to say."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """End the process, in order if it can."""
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until(self, condition: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S) -> None:
        """Wait for something that the process does.

        BenchmarkError with its last words if it ends first or time is up.
        """
        ends_at = time.monotonic() + limit_s
        while not condition():
            if self.process.poll() is not None or time.monotonic() > ends_at:
                raise BenchmarkError(
                    f"{what}: not within {limit_s:.0f} s, exit status "
                    f"{self.process.poll()}\n{self.log.read_text()[-2000:]}"
                )
            time.sleep(POLL_S)


@contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """A private folder for one run, on the disk of ``folder``, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="benchmark-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def started(folder: Path, name: str, *argv: str, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A process, ended at the end; of our settings it has those given, and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RESPONDER_", UNCOMPILED))}
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=inherited | {"PYTHONPATH": str(ROOT)} | dict(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    running = Running(process=process, log=log)
    try:
        yield running
    finally:
        running.stop()


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisServer:
    """A Redis of our own, and its address."""

    url: str
    running: Running


@contextmanager
def redis_server(folder: Path, *, is_all_there_is: bool = False) -> Iterator[RedisServer]:
    """A Redis on a unix socket that keeps nothing on disk, like that of ``responder run``.

    If the queue is all that there is of a message, it does.
    """
    path = folder / "redis.sock"
    kept = (
        ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder))
        if is_all_there_is
        else ("--appendonly", "no")
    )
    options = ("--port", "0", "--unixsocket", str(path), "--save", "", "--maxmemory-policy", "noeviction")
    with started(folder, "redis", str(find_server()), *options, *kept) as running:
        running.wait_until(path.exists, "the start of redis")
        yield RedisServer(url=f"unix://{path}", running=running)


def python(*arguments: str) -> tuple[str, ...]:
    """The command that runs a module with our own Python."""
    return (sys.executable, "-m", *arguments)


def settings_for(folder: Path, port: int, redis_url: str | None = None, rules: str = RULES) -> dict[str, str]:
    """The settings of an installation that lives in a folder, with its rules written there."""
    (folder / "rules.yaml").write_text(rules)
    settings = {
        "RESPONDER_DATA_DIR": str(folder / "data"),
        "RESPONDER_RULES": str(folder / "rules.yaml"),
        "RESPONDER_PORT": str(port),
    }
    return settings | ({"RESPONDER_REDIS_URL": redis_url} if redis_url else {})


@asynccontextmanager
async def own_database(server: str) -> AsyncIterator[dict[str, str]]:
    """The settings for a database of our own on a server of PostgreSQL, gone afterwards."""
    name = f"benchmark_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    try:
        yield {"RESPONDER_DATABASE_URL": f"{server.rpartition('/')[0]}/{name}"}
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer(port: int, path: str, method: str = "GET", timeout_s: float = 5) -> tuple[int, bytes] | None:
    """The status and body of one request; None if nobody listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        return None
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    """Whether ``/readyz`` says that messages can be taken and that a worker can be woken."""
    answered = answer(port, "/readyz")
    return answered is not None and answered[0] == 200 and b'"worker":"ready"' in answered[1]
