"""What doctor looks at outside the database: settings, files, Redis, the running service and the mailbox."""

import asyncio
import http.client
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from responder.cli.doctor.findings import Finding, fault, faults, ok, warning
from responder.cli.terminal.installation import local_url
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_desk
from responder.core.operations.troubles import MailboxReport, MailboxState
from responder.core.outbound.gateway import UNSIGNED, MailReader
from responder.core.sms.times import counted
from responder.desk.condition import read_mailboxes
from responder.errors import ConfigurationError, PermanentError, ResponderError, TransientError
from responder.jobs import connect, redis_policy
from responder.mail.account import Account, account_of, reader_of
from responder.mail.mailbox import Mailbox
from responder.processes import redis as embedded
from responder.processes.data_dir import readable_by_others
from responder.settings.exposure import check_exposure
from responder.settings.model import Settings
from responder.settings.urls import mask_url, sqlite_file
from responder.version import full_version

POLICY = "noeviction"
GB = 10**9
FULL, NEARLY_FULL = GB // 10, 2 * GB  # bytes left
REDIS_TIMEOUT_S = 2.0
SERVICE_TIMEOUT_S = 6.0  # longer than the service gives its own checks
LOOKED_AT = 500  # mails at most: the newest of those that are not marked
BESIDE = ("", "-wal", "-shm")  # the files of SQLite, by what is added to the name


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Whether the settings go together, and whether replies are really sent."""
    try:
        check_exposure(settings)
        yield ok("settings", "all of them can be read")
    except ConfigurationError as error:
        yield from faults("settings", error)
    if settings.shadow:
        text = "neither texts nor webhooks are sent, only recorded: remove RESPONDER_SHADOW to send them"
        yield warning("replies", text)
    elif settings.provider.sends:
        yield ok("replies", "sent through the gateway")
    else:
        remedy = f"set {settings.provider.needed_to_send} to send them"
        yield warning("replies", f"simulated: recorded and shown, not sent; {remedy}")


async def check_files(settings: Settings) -> AsyncIterator[Finding]:
    """Warnings about database files that others can read, and about a full disk."""
    if database := sqlite_file(settings.database_url):
        for finding in check_disk(database.parent):
            yield finding
        for file in (database.with_name(database.name + end) for end in BESIDE):
            if readable_by_others(file):
                yield warning("files", f"{file}: other users of this machine can read it: run  chmod 600 {file}")


def check_disk(
    folder: Path, usage: Callable[[Path], shutil._ntuple_diskusage] = shutil.disk_usage
) -> Iterator[Finding]:
    """How much room the database has: without any, texts are refused until there is some."""
    if not folder.exists():
        return
    free = usage(folder).free
    room = f"{folder}: {free / GB:,.1f} GB are free"
    if free < FULL:
        yield fault("disk", f"{room}, so texts will soon be refused: make room, or set RESPONDER_RETENTION_DAYS")
    elif free < NEARLY_FULL:
        yield warning("disk", f"{room}: make room, or set RESPONDER_RETENTION_DAYS")
    else:
        yield ok("disk", room)


async def check_redis(settings: Settings) -> AsyncIterator[Finding]:
    """Whether Redis answers, and whether it keeps all jobs."""
    if settings.redis_url:
        try:
            yield _policy(settings.redis_url, await _ask_policy(settings.redis_url))
        except TransientError as error:
            text = f"{mask_url(settings.redis_url)}: {error}; messages are kept meanwhile, and handled once it is back"
            yield fault("redis", text)
        return
    url = embedded.url_in(settings.data_dir)
    if embedded.was_started(settings.data_dir):
        with suppress(TransientError):  # it has been killed, and is started anew with the rest
            yield _policy(url, await _ask_policy(url))
            return
    for finding in _embedded():
        yield finding


def _embedded() -> Iterator[Finding]:
    try:
        yield ok("redis", f"'responder run' starts its own: {embedded.find_server()}")
    except ConfigurationError as error:
        yield from faults("redis", error)


async def _ask_policy(url: str) -> str:
    redis = connect(url, timeout_s=REDIS_TIMEOUT_S)
    try:
        return await redis_policy(redis)
    finally:
        await redis.aclose(close_connection_pool=True)


def _policy(url: str, policy: str) -> Finding:
    if policy == POLICY:
        return ok("redis", f"{mask_url(url)} answers")
    remedy = f"set it to {POLICY} (CONFIG SET maxmemory-policy {POLICY}, and in its configuration file)"
    text = f"{mask_url(url)} throws jobs away when it is full, since its maxmemory-policy is {policy}"
    return warning("redis", f"{text}: {remedy}")


async def check_service(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the service answers on this machine."""
    place = local_url(settings)
    try:
        status, body = await asyncio.to_thread(_get, f"{place}/readyz")
    except (OSError, http.client.HTTPException) as error:
        yield fault("service", f"{place}: no answer ({type(error).__name__}), start it with 'responder run'")
        return
    if status == 200 and _is_readiness(body):
        theirs = json.loads(body).get("version")
        if theirs not in (None, full_version()):
            text = f"{place} takes messages, as version {theirs}, and this is {full_version()}: restart what is older"
            yield warning("service", text)
            return
        yield ok("service", f"{place} takes messages")
        return
    stopped = "its intake has died: 'responder run' starts it again, else start it again yourself"
    unable = stopped if b'"intake"' in body else "it cannot keep messages, see database"
    reason = unable if status == 503 else "that is not responder: check RESPONDER_HOST and RESPONDER_PORT"
    yield fault("service", f"{place}/readyz answers HTTP {status}: {reason}")


def _get(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SERVICE_TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read(4096)
    finally:
        connection.close()


def _is_readiness(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and "database" in answer


async def check_mailbox(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the mailbox opens, and how its intakes fare."""
    try:
        account = account_of(settings)
    except ConfigurationError as error:
        yield fault("mailbox", str(error))
        return
    for finding in await asyncio.to_thread(_mailbox, account, reader_of(settings, b"")):
        yield finding
    try:
        async with open_desk(settings) as desk:
            reports = await read_mailboxes(desk)
    except ResponderError:
        return  # what is wrong with the database has been said
    if not reports:
        yield warning("mail", "no intake was seen lately: start 'responder run' or 'responder mail'")
    for report in reports:
        yield _intake(report)


def _mailbox(account: Account, reader: MailReader) -> list[Finding]:
    place = account.url.place
    connection = Mailbox(account, threading.Event())
    try:
        opened = connection.open()
        waiting = connection.waiting(None)
        reasons = [reader.refusal(head.fields) for head in connection.heads(waiting[-LOOKED_AT:])] if waiting else []
    except (PermanentError, TransientError) as error:
        remedy = "" if isinstance(error, PermanentError) else ": check that it runs, and RESPONDER_IMAP_URL"
        return [fault("mailbox", f"{place}: {error}{remedy}")]
    finally:
        connection.close()
    way = "tells at once what comes" if opened.has_idle else f"has no IDLE and is asked every {account.poll_s:.0f} s"
    are = "is" if len(waiting) == 1 else "are"
    text = f"{place} {way}; {len(waiting)} of its {counted(opened.mails, 'mail')} {are} not marked"
    return [ok("mailbox", text), *_unsigned(reasons.count(UNSIGNED))]


def _unsigned(count: int) -> list[Finding]:
    if not count:
        return []
    remedy = "look at the Authentication-Results of one, and at RESPONDER_IMAP_REQUIRE_DKIM"
    return [warning("mailbox", f"left alone for want of a good signature: {count} of the gateway's mails; {remedy}")]


def _intake(report: MailboxReport) -> Finding:
    if report.state in {MailboxState.REFUSED, MailboxState.UNREACHABLE}:
        return fault("mail", f"{report.place}: {report.reason}")
    last = f", the last {moment(report.last_mail_at)}, {report.lag_s:.1f} s after its mail" if report.lag_s else ""
    taken = f"{counted(report.taken, 'message')} taken in{last}"
    if report.left_alone:
        were = "was" if report.left_alone == 1 else "were"
        text = f"{taken}; {counted(report.left_alone, 'mail')} that cannot be judged {were} left alone"
        return warning("mail", f"{text}: look at them in the mailbox, the log names their UIDs")
    if report.malformed:
        remedy = "see 'responder messages list --status malformed'"
        return warning(
            "mail", f"{taken}; {report.malformed} {'was' if report.malformed == 1 else 'were'} not understood: {remedy}"
        )
    return ok("mail", f"{report.state}, {taken}")
