"""Chooses the concrete parts by the settings: the one place that does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from responder.core.outbound.gateway import Gateway, Job
from responder.core.rules.rules import Rules
from responder.core.sms.address import canonical
from responder.desk.desk import Desk
from responder.errors import ConfigurationError, StorageError
from responder.processes.data_dir import make, require_restored
from responder.settings.environment import environment
from responder.settings.model import Settings
from responder.settings.urls import async_database_url, mask_url, read_smtp_url, sqlite_file
from responder.store.base.database import Database
from responder.store.base.history import RuleVersions
from responder.store.base.migration import NEWEST, migrate, require_current, version_of
from responder.store.consent.installation import Installation
from responder.store.inbox.inbox import SqlInbox
from responder.store.outbound.replies import SqlSteps
from responder.store.outbound.reports import SqlReports

if TYPE_CHECKING:
    from responder.clients.smtp import MailServer
    from responder.rulefile.in_force import RulesInForce

LOOK_EVERY_S = 3.0
NO_REDIS = (
    "RESPONDER_REDIS_URL is not set: give the address of a Redis, or start with 'responder run', which brings its own"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """The database of an installation, by what is kept in it, and the installation's secret."""

    database: Database
    inbox: SqlInbox
    steps: SqlSteps
    reports: SqlReports
    installation: Installation
    secret: bytes = field(repr=False)


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, whatever version it has. Raises StorageError when it is used and not there."""
    make(settings.data_dir)
    if file := sqlite_file(settings.database_url):
        require_restored(file)
    url, arguments = async_database_url(settings.database_url)
    database = Database(url, arguments)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_store(settings: Settings, *, migrates: bool = False) -> AsyncIterator[Store]:
    """The database, at our version (or brought to it) and with its secret.

    Raises ConfigurationError, or StorageError if it is away.
    """
    async with open_database(settings) as database:
        await (_migrate(database) if migrates else require_current(database))
        installation = Installation(database)
        configured = settings.secret.get_secret_value().encode() if settings.secret else None
        try:
            secret = await installation.secret(configured)
        except ConfigurationError as error:
            other = "or set RESPONDER_DATABASE_URL (RESPONDER_DATA_DIR for SQLite) to the database that belongs to it"
            raise ConfigurationError(f"{mask_url(settings.database_url)}: {error}, {other}") from None
        yield Store(
            database=database,
            inbox=SqlInbox(database),
            steps=SqlSteps(database, secret, settings.provider.api),
            reports=SqlReports(database),
            installation=installation,
            secret=secret,
        )


async def watch_secret(store: Store, look_every_s: float = LOOK_EVERY_S) -> None:
    """Watch that the database is still that of our secret. Raises ConfigurationError once another was restored."""
    while True:
        await asyncio.sleep(look_every_s)
        with suppress(StorageError):  # that the database is away, others say
            await store.installation.require_fit(store.secret)


async def migrate_database(settings: Settings) -> str:
    """Bring the database to the version that this program needs, unless a newer one that it runs on, and return it.

    Raises StorageError, and ConfigurationError for a newer one that it does not run on.
    """
    async with open_database(settings) as database:
        await _migrate(database)
        return await version_of(database) or NEWEST


async def _migrate(database: Database) -> None:
    if (await version_of(database) or "") < NEWEST:
        await migrate(database)
    await require_current(database)


def make_gateway(settings: Settings, secret: bytes) -> Gateway:
    return settings.provider.make(secret=secret, zone=settings.gateway_timezone, sender=settings.sender)


def mail_server(settings: Settings) -> "MailServer | None":
    """The mail server of the settings; None if none is set."""
    if settings.smtp_url is None:
        return None
    from responder.clients.smtp import MailServer  # noqa: PLC0415  (only who mails alerts needs its library)

    return MailServer(read_smtp_url(settings.smtp_url.get_secret_value()), sender=settings.smtp_from)


def make_desk(
    store: Store,
    rules: Callable[[], Awaitable[Rules]],
    ring: Callable[[Job], None] = lambda _job: None,
    warn: Callable[[str], None] = lambda _sentence: None,
) -> Desk:
    """The installation as people look at it and act on it, by the rules that are given."""
    return Desk(database=store.database, secret=store.secret, rules=rules, clock=utc_now, ring=ring, warn=warn)


async def read_rules_in_force(settings: Settings) -> Rules:
    """The rules of the settings' file. Raises RulesError with every mistake, ConfigurationError if it is missing."""
    from responder.rulefile import load_rules  # noqa: PLC0415  (only who decides needs the language)

    rules = await asyncio.to_thread(load_rules, settings.rules, environment())
    return replace(rules, own_numbers=rules.own_numbers | {canonical(settings.sender)}) if settings.sender else rules


async def open_rules(settings: Settings, store: Store, *, decides: bool) -> "RulesInForce":
    """The rules in force: the settings' file, or else the last good ones. Raises RulesError and StorageError."""
    from responder.rulefile.in_force import RulesInForce  # noqa: PLC0415  (likewise)

    rules = RulesInForce(settings.rules, environment, RuleVersions(store.database), utc_now, decides=decides)
    await rules.start()
    return rules


def redis_url(settings: Settings) -> str:
    """The address of Redis. Raises ConfigurationError, with the remedy, if none is set."""
    if settings.redis_url is None:
        raise ConfigurationError(NO_REDIS)
    return settings.redis_url
