"""The real service in processes of its own, and what can be done to it: texts sent, processes killed, Redis frozen or emptied."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx

from responder.processes.redis import url_in
from tests.conftest import free_port, run_apart, wait_until
from tests.receiver import Receiver

CALL_TAKES_S = 1.5  # longer than any call to the receiver, and than any batch
OPEN_WORK = """
SELECT key, status FROM steps WHERE status IN ('queued', 'sending')
UNION ALL SELECT key, status FROM messages WHERE status = 'received'
"""
PAST = "'2020-01-01 00:00:00.000000'"
LEASED = "SELECT seq FROM messages WHERE status = 'received' AND lease_until IS NOT NULL ORDER BY seq"
END_LEASES = (
    f"UPDATE steps SET lease_until = {PAST} WHERE seq IN (SELECT seq FROM steps WHERE status = 'sending' ORDER BY key{{lock}})",  # noqa: S608  (our own words)
    f"UPDATE messages SET lease_until = {PAST} WHERE seq IN ({LEASED}{{lock}})",  # noqa: S608
)
SHOP = "+393331234333"
RULES = """
version: 1
languages: [en]
lists:
  news: {title: Weekly news}
webhooks:
  crm: {url: "URL/crm"}
rules:
  - name: news-on
    when: {starts_with: News ON}
    then:
      - subscribe: news
      - reply: "Welcome {{ rest }}"
      - webhook: crm
"""


@dataclass
class Service:
    """One installation; ``parts`` are the commands that run, each in a process group of its own."""

    folder: Path
    parts: Sequence[str] = ("run",)
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "data" / "responder.db"

    def begin(self, part: str) -> None:
        """Start one of the commands."""
        command, _, _ = part.partition("-")
        port = str(self.port if part != "web-2" else free_port())
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")},
            "RESPONDER_PORT": port,
            "RESPONDER_ALLOW_PRIVATE_WEBHOOKS": "true",
            **self.settings,
        }
        with (self.folder / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [sys.executable, "-m", "responder", command],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        """What all processes have logged."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    async def start(self, limit_s: float = 60) -> None:
        """Start whatever does not run, and wait until messages are taken and a worker is ready."""
        for part in self.parts:
            if part not in self.processes or self.processes[part].poll() is not None:
                self.begin(part)
        await wait_until(self.is_ready, limit_s, f"readiness\n{self.said()}")

    async def is_ready(self) -> bool:
        report = await self.readyz()
        return report.get("database") == "up" and report.get("worker") == "ready" and report.get("redis") == "up"

    async def readyz(self) -> dict[str, Any]:
        """What /readyz says; nothing if nobody answers."""
        try:
            async with httpx.AsyncClient(timeout=5, verify=False) as client:  # noqa: S501  (a certificate store takes long to load, and none is asked for)
                report: dict[str, Any] = (await client.get(f"http://127.0.0.1:{self.port}/readyz")).json()
                return report
        except (httpx.HTTPError, json.JSONDecodeError):
            return {}

    def children(self, of: str = "run") -> dict[str, int]:
        """The processes below ``run``, by what they are: web, worker, redis."""
        found: dict[str, int] = {}
        parent = self.processes[of].pid
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").split()
                    name = "redis" if b"server" in command[0] else command[3].decode()
                    found[name] = int(entry.name)
        return found

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal a process: one of the commands, or a child of ``run``."""
        pid = self.processes[name].pid if name in self.processes else self.children().get(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    async def freeze(self, name: str) -> None:
        """Stop a process where it is, but not while it has the lock of the database: everybody else would wait for it in vain."""

        def is_stopped_outside() -> bool:
            self.kill(name, signal.SIGSTOP)
            with contextlib.closing(sqlite3.connect(self.database, timeout=0.1, isolation_level=None)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    self.kill(name, signal.SIGCONT)
                    return False
                connection.execute("ROLLBACK")
            return True

        await wait_until(is_stopped_outside, what=f"{name} to be stopped outside of a transaction")

    def kill_all(self) -> None:
        """Kill every process at once."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    async def stop(self, limit_s: float = 35) -> list[int]:
        """Ask every process to end, and tell the exit codes."""
        for process in self.processes.values():
            process.terminate()
        return [await asyncio.to_thread(process.wait, limit_s) for process in self.processes.values()]

    def redis(self, *command: str) -> bytes:
        """Say something to the Redis of ``run``."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(url_in(self.folder / "data").removeprefix("unix://"))
            connection.sendall(" ".join(command).encode() + b"\r\n")
            return connection.recv(65536)

    async def send(
        self, text: str, originator: str, *, client: httpx.AsyncClient | None = None, date_time: str = "20261123130000"
    ) -> int:
        """Hand in a message as the gateway does; 0 if nobody answered. What was acknowledged is remembered by its originator."""
        body = f"originator={quote(originator, safe='')}&destination={quote(SHOP, safe='')}&date_time={date_time}&text={quote(text)}"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        try:
            async with contextlib.AsyncExitStack() as stack:
                used = client or await stack.enter_async_context(httpx.AsyncClient(timeout=15, verify=False))  # noqa: S501
                assert used is not None
                response = await used.post(f"http://127.0.0.1:{self.port}/webhook/sms", content=body, headers=headers)
        except httpx.HTTPError:
            return 0
        if response.status_code == 200:
            assert response.content == b"+OK"
            self.acknowledged.append(originator)
        return response.status_code

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        if "RESPONDER_DATABASE_URL" in self.settings:
            return ask_postgres(self.settings["RESPONDER_DATABASE_URL"], sql)
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    async def settled(self, limit_s: float = 30) -> None:
        """Wait until every message is handled and every step has been carried out.

        What killed workers still hold is let go as if its lease had ended: the clock is moved, not waited for.
        """
        held: dict[str, float] = {}

        def nothing_waits() -> bool:
            now = time.monotonic()
            open_ones = self.query(OPEN_WORK)
            if any(status != "queued" and now - held.setdefault(key, now) > CALL_TAKES_S for key, status in open_ones):
                self.end_leases()
                held.clear()
            return not open_ones

        await wait_until(nothing_waits, limit_s, "the end of the work")

    def end_leases(self) -> None:
        """Let all leases end now."""
        if "RESPONDER_DATABASE_URL" in self.settings:
            for statement in END_LEASES:  # in the order in which a worker that is alive locks them: no deadlocks
                ask_postgres(self.settings["RESPONDER_DATABASE_URL"], statement.format(lock=" FOR UPDATE SKIP LOCKED"))
            return
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            for statement in END_LEASES:
                connection.execute(statement.format(lock=""))

    def check_once(self, receiver: Receiver) -> None:
        """Everything acknowledged was handled, once in effect; no text went out twice; every webhook arrived under one id."""
        handled = [
            originator for (originator,) in self.query("SELECT originator FROM messages WHERE status = 'handled'")
        ]
        assert set(self.acknowledged) <= set(handled)
        assert len(handled) == len(set(handled))
        assert self.query("SELECT count(*) FROM messages WHERE status <> 'handled'") == [(0,)]
        for table in ("subscriptions", "consent_events"):
            assert sorted(o for (o,) in self.query(f"SELECT originator FROM {table}")) == sorted(handled), table  # noqa: S608  (ours)
        kinds = self.query("SELECT kind, count(*), count(DISTINCT message_key) FROM steps GROUP BY kind ORDER BY kind")
        assert kinds == [("reply", len(handled), len(handled)), ("webhook", len(handled), len(handled))]
        texts = [request.json()["messageId"] for request in receiver.requests if request.path == "/send"]
        assert len(texts) == len(set(texts)), "a text was sent twice"
        calls = {request.headers["webhook-id"] for request in receiver.requests if request.path == "/crm"}
        assert calls == {key for (key,) in self.query("SELECT key FROM steps WHERE kind = 'webhook'")}
        sent = {key for (key,) in self.query("SELECT key FROM steps WHERE kind = 'reply' AND status = 'sent'")}
        uncertain = {
            key for (key,) in self.query("SELECT key FROM steps WHERE kind = 'reply' AND status = 'uncertain'")
        }
        assert sent <= set(texts) <= sent | uncertain
        if "RESPONDER_DATABASE_URL" not in self.settings:
            assert self.query("PRAGMA integrity_check") == [("ok",)]
        chain = self.query("SELECT seq, previous_hash, hash FROM consent_events ORDER BY seq")
        assert [seq for seq, _, _ in chain] == list(range(1, len(chain) + 1))
        assert [previous for _, previous, _ in chain[1:]] == [hash_ for _, _, hash_ in chain[:-1]]


def ask_postgres(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a PostgreSQL answers, whether or not a loop runs here."""
    rows: list[tuple[Any, ...]] = []

    async def ask() -> None:
        connection = await asyncpg.connect(url)
        try:
            rows.extend(tuple(row) for row in await connection.fetch(sql))
        finally:
            await connection.close()

    run_apart(ask())
    return rows


@asynccontextmanager
async def serving(
    folder: Path, receiver: Receiver, *parts: str, rules: str = RULES, **settings: str
) -> AsyncIterator[Service]:
    """A started service whose gateway and webhook are the receiver; nothing of it is left afterwards."""
    (folder / "rules.yaml").write_text(rules.replace("URL", receiver.url))
    out = {
        "RESPONDER_SEND_RATE": "1000/s",
        "RESPONDER_AGILE_API_KEY": "key",
        "RESPONDER_AGILE_URL": f"{receiver.url}/send",
    }
    service = Service(folder=folder, parts=parts or ("run",), settings=out | settings)
    try:
        await service.start()
        yield service
    finally:
        children = [pid for name in service.processes for pid in service.children(name).values()]
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        service.kill_all()


async def send_steadily(service: Service, count: int, *, start: int = 0, pause_s: float = 0.01) -> None:
    """Hand in so many messages, each from a phone of its own, again until it is acknowledged or the service is away for long."""
    async with httpx.AsyncClient(timeout=15, verify=False) as client:  # noqa: S501

        async def one(number: int) -> None:
            originator = f"+39330{start + number:07}"
            for _ in range(400):
                if await service.send(f"News ON {number}", originator, client=client) == 200:
                    return
                await asyncio.sleep(0.05)

        sending = []
        for number in range(count):
            sending.append(asyncio.create_task(one(number)))
            await asyncio.sleep(pause_s)
        await asyncio.gather(*sending)
