"""Mails taken in per second, and the time from delivery to our call, with a real Dovecot."""

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from benchmarks.gateway import SendApi, send_api
from benchmarks.load import OURS, form
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Options, alternate, percentile
from benchmarks.running import (
    BenchmarkError,
    Running,
    free_port,
    is_ready,
    python,
    redis_server,
    settings_for,
    started,
    working_folder,
)
from tests.mail.dovecot import PROGRAM, Dovecot, dovecot

MAILS = 5000
LATE_MAILS = 30
WARM_UP = 2
PACE_S = (0.2, 0.6)  # between two mails, so that each finds everything idle
LIMIT_S = 300.0
FETCH = "read by the IMAP library alone"
TAKEN = "responder mail"
TOLD = "the server's word to an idle client"
CALLED = "call at the send API"
MS = 1e3


def run(options: Options) -> Report:
    """Take mails in from a full mailbox, and answer them one by one in an idle one."""
    if not PROGRAM:
        raise BenchmarkError("there is no dovecot: install the package dovecot-imapd")
    rates = alternate(options, {"full mailbox": lambda: _take_in(options)})
    delays = alternate(options, {"idle mailbox": lambda: asyncio.run(_answer(options))})
    taken = Table(
        title=f"mail: {options.count(MAILS)} mails that wait, SQLite on disk",
        unit="mails per second",
        rows=rates,
        baselines=(FETCH,),
    )
    late = Table(
        title=(
            f"mail: {options.count(LATE_MAILS)} mails, one at a time, IDLE; Dovecot itself waits half a "
            "second before it tells"
        ),
        unit="ms from the delivery to",
        rows=delays,
        baselines=(f"{TOLD}, p50",),
    )
    goals = [
        Goal(text="mails taken in per second", value=taken.row(TAKEN).median, limit=200, at_least=True),
        Goal(text="ms from delivery to the call, p50", value=late.row(f"{CALLED}, p50").median, limit=1000),
    ]
    return Report(tables=[taken, late], goals=goals)


def _mail(number: int) -> bytes:
    fields = form(number)
    head = (
        "From: smsin@agiletelecom.com\r\nSubject: Agile Telecom -- SMS received\r\nMessage-ID: "
        f"<{number}@benchmark>\r\n\r\n"
    )
    body = (
        f"From: {fields['originator']}\r\nTo: {OURS}\r\nDate/Time: {fields['date_time']}\r\nBody: {fields['text']}\r\n"
    )
    return (head + body).encode()


def _take_in(options: Options) -> dict[str, float]:
    count = options.count(MAILS)
    with working_folder(options.folder) as folder, dovecot() as server, redis_server(folder) as redis:
        user = server.user()
        server.deliver(user, *map(_mail, range(count)))
        fetched = _fetch(server, user, count)
        settings = settings_for(folder, free_port(), redis.url) | {"RESPONDER_IMAP_URL": server.url(user)}
        with started(folder, "migrate", *python("responder", "migrate"), settings=settings) as migrating:
            migrating.process.wait(LIMIT_S)
        with started(folder, "mail", *python("responder", "mail"), settings=settings) as mail:
            mail.wait_until(lambda: "mailbox opened" in mail.log.read_text(), "the opening of the mailbox")
            began_at = time.perf_counter()
            mail.wait_until(lambda: _kept(folder) == count, "the last mail", LIMIT_S)
            return {FETCH: fetched, TAKEN: count / (time.perf_counter() - began_at)}


def _fetch(server: Dovecot, user: str, count: int) -> float:
    """How many mails the library reads per second, a hundred at a time."""
    with server.client(user) as client:
        uids = client.search()
        began_at = time.perf_counter()
        for start in range(0, count, 100):
            client.fetch(uids[start : start + 100], ["BODY.PEEK[]"])
        return count / (time.perf_counter() - began_at)


def _kept(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "data" / "responder.db", timeout=10)) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


async def _answer(options: Options) -> dict[str, float]:
    times: dict[str, list[float]] = {TOLD: [], CALLED: []}
    with working_folder(options.folder) as folder, dovecot() as server:
        user = server.user()
        async with send_api() as api, _service(folder, api, server, user):
            for number in range(WARM_UP + options.count(LATE_MAILS)):
                await asyncio.sleep(random.uniform(*PACE_S))
                with _idle(server, user) as client:
                    began_at = time.perf_counter()
                    await asyncio.to_thread(server.deliver, user, _mail(number))
                    noticed = asyncio.create_task(asyncio.to_thread(_noticed, client))
                    called_s = await api.arrival(form(number)["originator"]) - began_at
                    noticed_s = await noticed - began_at
                if number >= WARM_UP:
                    times[TOLD].append(noticed_s * MS)
                    times[CALLED].append(called_s * MS)
    return {
        f"{name}, p{share}": percentile(values, share / 100) for name, values in times.items() for share in (50, 99)
    }


@contextlib.contextmanager
def _idle(server: Dovecot, user: str) -> Iterator[Any]:
    """A client of our own that waits for the server's word."""
    with server.client(user) as client:
        client.idle()
        yield client
        client.idle_done()


def _noticed(client: Any) -> float:  # noqa: ANN401  (the library has no types)
    client.idle_check(timeout=LIMIT_S)
    return time.perf_counter()


@contextlib.asynccontextmanager
async def _service(folder: Path, api: SendApi, server: Dovecot, user: str) -> AsyncIterator[Running]:
    """``responder run`` with the mailbox and the send API, once both are ready."""
    port = free_port()
    settings = settings_for(folder, port) | {
        "RESPONDER_IMAP_URL": server.url(user),
        "RESPONDER_AGILE_API_KEY": "benchmark",
        "RESPONDER_AGILE_URL": f"http://127.0.0.1:{api.port}/send",
    }
    with started(folder, "run", *python("responder", "run"), settings=settings) as service:
        await asyncio.to_thread(service.wait_until, lambda: is_ready(port), "the start of responder run")
        await asyncio.to_thread(
            service.wait_until, lambda: "mailbox opened" in service.log.read_text(), "the opening of the mailbox"
        )
        yield service
        await asyncio.to_thread(service.stop)  # it may still wait for an answer from here
