"""``responder run``: everything on one machine, in one process group."""

import asyncio
import contextlib
import logging
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from responder.cli.terminal.installation import command_name, local_host, local_url, missing_file
from responder.cli.terminal.output import say
from responder.core.rules.rules import Rules
from responder.core.sms.times import counted
from responder.errors import RulesError
from responder.mail.account import account_of
from responder.processes import redis as embedded
from responder.processes.children import PROGRAM, Child, supervise
from responder.processes.forked import Door, Forked, wait_for_port
from responder.settings.environment import CONSOLE_DOOR, CONSOLE_FD
from responder.settings.exposure import check_exposure
from responder.settings.model import Settings
from responder.settings.urls import mask_url, read_mailbox_url
from responder.version import full_version
from responder.wiring import open_rules, open_store, read_rules_in_force

CONSOLE = "console"
READY_WITHIN_S = 20.0
PORT_FREE_WITHIN_S = 5.0  # what a killed predecessor left behind ends sooner

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What to start, and the rules that web and worker will find; whether they are the file's."""

    parts: tuple[str, ...]
    rules: Rules
    is_ok: bool


async def prepare(settings: Settings) -> Prepared:
    """Look at settings and rules before anything starts. Raises ConfigurationError and RulesError."""
    check_exposure(settings)
    parts = ("web", "worker", *_mail(settings))
    try:
        return Prepared(parts=parts, rules=await read_rules_in_force(settings), is_ok=True)
    except RulesError:
        if missing_file(settings):
            raise
    async with open_store(settings, migrates=True) as store:
        in_force = await open_rules(settings, store, decides=False)
        return Prepared(parts=parts, rules=in_force.rules(), is_ok=in_force.status().is_ok)


def _mail(settings: Settings) -> tuple[str, ...]:
    """The intake of mails if a mailbox is set; ConfigurationError if its settings cannot be used."""
    if settings.imap_url is None:
        return ()
    account_of(settings)
    return ("mail",)


async def run_everything(
    settings: Settings,
    prepared: Prepared,
    forked: Mapping[str, Forked],
    door: Door,
    *,
    port_free_within_s: float = PORT_FREE_WITHIN_S,
) -> None:
    """Migrate the database, start Redis if none is given, web and worker, and keep them running until stopped.

    ``forked`` are the parts that wait already, by name. The console begins when somebody knocks at its door.
    """
    redis = None if settings.redis_url else await embedded.start(settings.data_dir)
    try:
        await wait_for_port(settings.host, settings.port, port_free_within_s)
        async with open_store(settings, migrates=True):
            pass  # what its children would be refused for
        env = {"RESPONDER_REDIS_URL": redis.url} if redis else {}
        told = env | {CONSOLE_DOOR: door.path}
        children = [
            Child(name=name, argv=(*PROGRAM, name), env=told, forked=forked.get(name)) for name in prepared.parts
        ]
        children.append(console_at(door, env, forked.get(CONSOLE)))
        announcement = _announce_when_ready(settings, prepared, started_at=time.monotonic())
        await supervise(children, works=[announcement, *([redis.keep()] if redis else [])])
    finally:
        if redis:
            await redis.stop()


def console_at(door: Door, env: Mapping[str, str], forked: Forked | None = None) -> Child:
    """The process that serves the console at a door."""
    at_door = {CONSOLE_FD: str(door.number)}
    return Child(name=CONSOLE, argv=(*PROGRAM, "web"), env={**env, **at_door}, forked=forked, door=door)


async def _announce_when_ready(settings: Settings, prepared: Prepared, *, started_at: float) -> None:
    """Once the service listens, print where, by which rules, and what to try next."""
    while not await _listens(settings):
        if time.monotonic() - started_at > READY_WITHIN_S:
            logger.error("web does not listen yet, its log says why host=%s port=%d", settings.host, settings.port)
            return
        await asyncio.sleep(0.05)
    with contextlib.suppress(OSError):  # nobody reads it any more
        say("\n".join(_summary(settings, prepared)), err=not sys.stdout.isatty())


async def _listens(settings: Settings) -> bool:
    try:
        _, writer = await asyncio.open_connection(local_host(settings), settings.port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _door(settings: Settings) -> str:
    if settings.admin_password:
        return "    (sign in with your name and RESPONDER_ADMIN_PASSWORD)"
    is_reachable = settings.public_url or settings.trusted_proxies
    return "    (closed: set RESPONDER_ADMIN_PASSWORD)" if is_reachable else "    (open on this machine alone)"


def _example(rules: Rules) -> str:
    return next((rule.examples[0] for rule in rules.rules if rule.enabled and rule.examples), "HELP")


def _summary(settings: Settings, prepared: Prepared) -> list[str]:
    rules = prepared.rules
    counts = f"{counted(len(rules.rules), 'rule')}, {counted(len(rules.lists), 'list')}"
    mistakes = "" if prepared.is_ok else " HAS MISTAKES (see 'responder check'), the last good rules serve"
    token = "/TOKEN" if settings.webhook_token else ""
    sends = (
        "sent through the gateway"
        if settings.provider.sends
        else f"simulated: recorded and shown, not sent (set {settings.provider.needed_to_send} to send)"
    )
    example = f"{command_name()} text {shlex.quote(_example(rules))}"
    return [
        f"responder {full_version()}",
        f"  listens   http://{settings.host}:{settings.port}/webhook/sms{token}",
        f"  console   {settings.public_url or local_url(settings)}/{_door(settings)}",
        *([f"  mailbox   {read_mailbox_url(settings.imap_url.get_secret_value()).place}"] if settings.imap_url else []),
        f"  rules     {settings.rules}{mistakes}: {counts}, hash {rules.hash}",
        f"  database  {mask_url(settings.database_url)}",
        f"  replies   {sends}",
        f"  try       {example}    (in another terminal; Ctrl-C here ends all)",
    ]
