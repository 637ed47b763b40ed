"""What doctor looks at outside the database: settings, files, Redis and the running service."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from responder.cli.doctor.findings import Finding, fault, faults, ok, warning
from responder.cli.terminal.session import local_url, sqlite_file
from responder.errors import ConfigurationError, TransientError
from responder.jobs import connect, redis_policy
from responder.processes import redis as embedded
from responder.processes.data_dir import readable_by_others
from responder.settings.database_url import mask_url
from responder.settings.exposure import check_exposure
from responder.settings.model import Settings

POLICY = "noeviction"
REDIS_TIMEOUT_S = 2.0
SERVICE_TIMEOUT_S = 6.0  # longer than the service gives its own checks
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


def check_files(settings: Settings) -> Iterator[Finding]:
    """A warning for each database file that others can read: it holds texts, numbers and the secret."""
    if database := sqlite_file(settings):
        for file in (database.with_name(database.name + end) for end in BESIDE):
            if readable_by_others(file):
                yield warning("files", f"{file}: other users of this machine can read it: run  chmod 600 {file}")


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


async def check_service(settings: Settings) -> Finding:
    """Whether the service answers on this machine."""
    place = local_url(settings)
    try:
        status, body = await asyncio.to_thread(_get, f"{place}/readyz")
    except (OSError, http.client.HTTPException) as error:
        return fault("service", f"{place}: no answer ({type(error).__name__}), start it with 'responder run'")
    if status == 200 and _is_readiness(body):
        return ok("service", f"{place} takes messages")
    stopped = "its intake has died: 'responder run' starts it again, else start it again yourself"
    unable = stopped if b'"intake"' in body else "it cannot keep messages, see database"
    reason = unable if status == 503 else "that is not responder: check RESPONDER_HOST and RESPONDER_PORT"
    return fault("service", f"{place}/readyz answers HTTP {status}: {reason}")


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
