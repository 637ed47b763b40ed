"""What doctor looks at: each check gives findings, and each finding that is not fine says what to do."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from responder.cli.doctor.alerts import credit_and_alerts
from responder.cli.doctor.files import files
from responder.cli.doctor.findings import Finding, Level
from responder.cli.doctor.mailbox import mailbox
from responder.cli.doctor.messages import messages_and_clock
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import local_url, missing_file, open_existing
from responder.core.contact.effects import StepStatus
from responder.core.operations.handoffs import OpenHandOffs
from responder.core.operations.troubles import SEEN_WITHIN
from responder.core.outbound.circuit import AT_ONCE, Endpoint
from responder.core.rules.rules import Rules
from responder.errors import ConfigurationError, ResponderError, RulesError, TransientError
from responder.jobs import connect, redis_policy
from responder.processes import redis as embedded
from responder.settings.database_url import mask_url
from responder.settings.model import Settings, check_exposure, environment, load_settings, unknown_settings
from responder.store.base.rule_versions import RuleVersions
from responder.store.handoffs.handoffs import count_open
from responder.store.outbound.daily_budget import spent_on
from responder.store.outbound.endpoints import read_endpoints
from responder.store.outbound.gateway_hold import Hold, read_hold
from responder.wiring import Store, read_rules_in_force, utc_now

POLICY = "noeviction"
REDIS_TIMEOUT_S = 2.0
SERVICE_TIMEOUT_S = 6.0  # longer than the service gives its own checks
LONG_OPEN = timedelta(days=1)  # a hand-off that is older has been forgotten
LATE = timedelta(minutes=1)  # a message that has waited for longer is not about to be handled


NO_SENDER = (
    "no number is set that they come from, so each comes from the number of ours that the phone texted last, or else the one that anybody "
    "texted last, and from none at all while nobody ever did: set RESPONDER_SENDER"
)


def _ok(check: str, text: str) -> Finding:
    return Finding(check=check, level=Level.OK, text=text)


def _warning(check: str, text: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, text=text)


def _errors(check: str, error: ResponderError) -> Iterator[Finding]:
    """One finding for each line, since some errors tell several mistakes."""
    return (Finding(check=check, level=Level.ERROR, text=line) for line in str(error).splitlines())


async def examine() -> AsyncIterator[Finding]:
    """Everything that doctor finds; without settings that can be read there is nothing else to look at."""
    try:
        for sentence in unknown_settings(environment()):
            yield _warning("settings", sentence)
        settings = load_settings()
    except ConfigurationError as error:
        for finding in _errors("settings", error):
            yield finding
        return
    for finding in _settings(settings):
        yield finding
    rules: Rules | None = None
    try:
        rules = await read_rules_in_force(settings)
        yield _ok("rules", f"{settings.rules}: {len(rules.rules)} rules, hash {rules.hash}")
    except RulesError as error:
        for finding in _errors("rules", error):
            yield finding
    async for finding in _redis(settings):
        yield finding
    yield await _service(settings)
    async for finding in _database(settings, rules):
        yield finding
    async for finding in _further(settings, rules):
        yield finding


async def _further(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    """What stands in modules of its own, which give their findings in the form of this one."""
    if settings.imap_url:
        async for finding in mailbox(settings):
            yield finding

    for finding in files(settings):
        yield finding

    async for finding in credit_and_alerts(settings, rules):
        yield finding


def _settings(settings: Settings) -> Iterator[Finding]:
    try:
        check_exposure(settings)
        yield _ok("settings", "all of them can be read")
    except ConfigurationError as error:
        yield from _errors("settings", error)
    if settings.shadow:
        yield _warning(
            "replies", "neither texts nor webhooks are sent, only recorded: remove RESPONDER_SHADOW to send them"
        )
    elif settings.agile_api_key:
        yield _ok("replies", "sent through the gateway")
    else:
        yield _warning("replies", "simulated: recorded and shown, not sent; set RESPONDER_AGILE_API_KEY to send them")


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    if settings.redis_url:
        try:
            yield _policy(settings.redis_url, await _ask_policy(settings.redis_url))
        except TransientError as error:
            text = f"{mask_url(settings.redis_url)}: {error}; messages are kept meanwhile, and handled once it is back"
            yield Finding(check="redis", level=Level.ERROR, text=text)
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
        yield _ok("redis", f"'responder run' starts its own: {embedded.find_server()}")
    except ConfigurationError as error:
        yield from _errors("redis", error)


async def _ask_policy(url: str) -> str:
    redis = connect(url, timeout_s=REDIS_TIMEOUT_S)
    try:
        return await redis_policy(redis)
    finally:
        await redis.aclose(close_connection_pool=True)


def _policy(url: str, policy: str) -> Finding:
    if policy == POLICY:
        return _ok("redis", f"{mask_url(url)} answers")
    remedy = f"set it to {POLICY} (CONFIG SET maxmemory-policy {POLICY}, and in its configuration file)"
    return _warning(
        "redis", f"{mask_url(url)} throws jobs away when it is full, since its maxmemory-policy is {policy}: {remedy}"
    )


async def _service(settings: Settings) -> Finding:
    place = local_url(settings)
    try:
        status, body = await asyncio.to_thread(_get, f"{place}/readyz")
    except (OSError, http.client.HTTPException) as error:
        text = f"{place}: no answer ({type(error).__name__}), start it with 'responder run'"
        return Finding(check="service", level=Level.ERROR, text=text)
    if status == 200 and _is_readiness(body):
        return _ok("service", f"{place} takes messages")
    stopped = "its intake has died: 'responder run' starts it again, else start it again yourself"
    unable = stopped if b'"intake"' in body else "it cannot keep messages, see database"
    reason = unable if status == 503 else "that is not responder: check RESPONDER_HOST and RESPONDER_PORT"
    return Finding(check="service", level=Level.ERROR, text=f"{place}/readyz answers HTTP {status}: {reason}")


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


async def _database(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    place = mask_url(settings.database_url)
    try:
        async with open_existing(settings) as store:
            yield _ok("database", f"{place} has the version that this program needs")
            if rules and rules.appointments.reminders and settings.agile_api_key and not settings.sender:
                yield _warning("reminders", NO_SENDER)
            async for finding in _contents(settings, store, rules, utc_now()):
                yield finding
    except ConfigurationError as error:
        text = str(error) if missing_file(settings) or place in str(error) else f"{place}: {error}"
        yield Finding(check="database", level=Level.ERROR, text=text)
    except ResponderError as error:
        text = f"{place}: {error}: check that it runs, and RESPONDER_DATABASE_URL"
        yield Finding(check="database", level=Level.ERROR, text=text)


async def _contents(settings: Settings, store: Store, rules: Rules | None, now: datetime) -> AsyncIterator[Finding]:
    await store.installation.check(now)
    if rules is None and (version := await RuleVersions(store.database).newest()):
        yield _warning(
            "rules",
            f"the last good ones stay in force meanwhile: hash {version.hash}, of {moment(version.in_force_at)}",
        )
    yield _workers(await store.installation.live_workers(now - SEEN_WITHIN), rules)
    yield _waiting(await store.inbox.oldest_waiting(), now)
    async for finding in messages_and_clock(store, settings.gateway_timezone):
        yield finding
    counts = await store.steps.counts()
    if hold := await read_hold(store.database):
        yield _held(hold)
    if dead := counts.get(StepStatus.DEAD, 0):
        yield _warning(
            "deliveries",
            f"{dead} were given up: see 'responder deliveries list --status dead', then 'responder deliveries retry'",
        )
    if uncertain := counts.get(StepStatus.UNCERTAIN, 0):
        yield _warning(
            "deliveries",
            f"{uncertain} may or may not have been sent: see 'responder deliveries list --status uncertain'",
        )
    for finding in _endpoints(await read_endpoints(store.database), now):
        yield finding
    yield _handed_off(await count_open(store.database), now)
    if rules and (spent := await _spent(store, rules, now)):
        yield spent
    if not dead and not uncertain:
        yield _ok("deliveries", "none was given up, none is uncertain")


def _handed_off(waiting: OpenHandOffs, now: datetime) -> Finding:
    """What waits for a person, and for how long."""
    if waiting.oldest is None:
        return _ok("handoffs", "nothing waits for a person")
    held = f", {waiting.reviews} of them hold marketing back" if waiting.reviews else ""
    text = f"{waiting.count} wait for a person since {moment(waiting.oldest)}{held}: see 'responder handoffs list'"
    return _ok("handoffs", text) if now - waiting.oldest < LONG_OPEN else _warning("handoffs", text)


def _workers(workers: Sequence[Any], rules: Rules | None) -> Finding:
    """Who works, and by which rules."""
    if not workers:
        return _warning(
            "workers",
            "none was seen lately, so messages are kept and not handled: start 'responder run' or 'responder worker'",
        )
    if not all(worker.has_redis for worker in workers):
        return _warning(
            "workers", f"{len(workers)} seen lately, some without Redis: they go on by themselves once it is back"
        )
    if not all(worker.rules_are_ok for worker in workers):
        return _warning(
            "workers",
            f"{len(workers)} seen lately, some go by the last good rules: the rules file that they see has mistakes",
        )
    if rules and any(worker.rules_hash != rules.hash for worker in workers):
        return _warning(
            "workers",
            f"{len(workers)} seen lately, some with other rules than those of the file: see that they have the same file",
        )
    return _ok("workers", f"{len(workers)} seen lately")


def _held(hold: Hold) -> Finding:
    text = f"no reply is sent since {moment(hold.since)}: {hold.reason}; they wait, and one tries again every minute and at each start of a worker"
    return Finding(check="gateway", level=Level.ERROR, text=text)


def _endpoints(endpoints: Mapping[str, Endpoint], now: datetime) -> Iterator[Finding]:
    """The webhooks that fail."""
    for endpoint in endpoints.values():
        if endpoint.disabled_at:
            remedy = f"mend it, then run 'responder deliveries retry --to {endpoint.name}'"
            text = f"{endpoint.name} is switched off since {moment(endpoint.disabled_at)}: {endpoint.reason}; {remedy}"
            yield Finding(check="webhooks", level=Level.ERROR, text=text)
        elif endpoint.failing_since and endpoint.places(now) < AT_ONCE:
            text = f"{endpoint.name} fails since {moment(endpoint.failing_since)}, {endpoint.failures} times in a row: see its log"
            yield _warning("webhooks", text)


async def _spent(store: Store, rules: Rules, now: datetime) -> Finding | None:
    limit = rules.limits.all_per_day
    spent = await spent_on(store.database, now.astimezone(rules.zone).date().isoformat())
    if limit is None or spent < limit:
        return None
    return _warning(
        "limits",
        f"the {limit} texts of the day are used up: raise limits.all_per_day in the rules file if they were meant",
    )


def _waiting(oldest: datetime | None, now: datetime) -> Finding:
    if oldest is None:
        return _ok("messages", "none waits")
    if now - oldest < LATE:
        return _ok("messages", f"the oldest that waits came in at {moment(oldest)}")
    text = f"one has waited since {moment(oldest)}: see that a worker runs, and what its log says"
    return Finding(check="messages", level=Level.ERROR, text=text)
