"""What commands work on: an installation's store and rules, and its operator."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from responder.cli.terminal.output import NEWEST, Column, R, print_records, say
from responder.core.rules.rules import Rules
from responder.core.rules.webhooks import Event
from responder.core.sms.address import number_from
from responder.errors import ConfigurationError, ResponderError
from responder.rulefile import rules_from
from responder.settings.database_url import sqlite_file
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings
from responder.store.base.listing import Listing, read_all
from responder.store.base.rule_versions import RuleVersions
from responder.wiring import Store, open_store, read_rules_in_force

T = TypeVar("T")
ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (it listens on all, and answers on this one)


def with_store(work: Callable[[Store], Awaitable[None]]) -> None:
    """Run a command's work on the store; ConfigurationError with the remedy if there is none."""

    async def opened() -> None:
        async with open_existing(load_settings()) as store:
            await work(store)

    asyncio.run(opened())


@asynccontextmanager
async def open_existing(settings: Settings) -> AsyncIterator[Store]:
    """The store of an existing installation; ConfigurationError with the remedy if there is none."""
    if path := missing_file(settings):
        remedy = "start with 'responder run', or set RESPONDER_DATA_DIR or RESPONDER_DATABASE_URL"
        raise ConfigurationError(f"{path}: there is no database yet, {remedy}")
    async with open_store(settings) as store:
        yield store


def missing_file(settings: Settings) -> Path | None:
    """Where SQLite's file should be and is not; None if it is there. Connecting would create an empty one."""
    path = sqlite_file(settings.database_url)
    return None if path is None or path.exists() else path


def print_list(
    listing: Listing[R], columns: Sequence[Column[R]], *, limit: int | None, as_json: bool, empty: str
) -> None:
    """Print the newest records of a listing; for programs all of them, unless there is a limit."""
    most = limit if limit or as_json else NEWEST

    async def work(store: Store) -> None:
        await print_records(read_all(store.database, listing, most), columns, as_json=as_json, empty=empty)

    with_store(work)


def only_one(found: Sequence[T], beginning: str, *, of: str, listed_by: str) -> T:
    """The one record whose key begins like this; ResponderError if there is none, or more than one."""
    match found:
        case [record]:
            return record
        case []:
            raise ResponderError(f"no {of} has the key {beginning!r}: '{listed_by}' has the keys")
        case _:
            raise ResponderError(f"the keys of several {of}s begin with {beginning!r}: type more of it")


async def rules_of_file() -> Rules:
    """The rules of the rules file; RulesError if it has mistakes."""
    return await read_rules_in_force(load_settings())


async def last_good_rules(store: Store) -> Rules | None:
    """The rules of the file, or else those that were in force last; None if there are none."""
    try:
        return await rules_of_file()
    except ConfigurationError:
        version = await RuleVersions(store.database).newest()
    try:
        return rules_from(version.sources, environment()) if version else None
    except ConfigurationError:
        return None


async def webhooks_for(store: Store, event: Event) -> frozenset[str]:
    """The webhooks to notify of an event. The last good rules will do: a change never waits for the file."""
    rules = await last_good_rules(store)
    if rules is None:
        say("the rules file cannot be read ('responder check' says why), so no webhook is told of this", err=True)
    return rules.webhooks_for(event) if rules else frozenset()


async def read_number(typed: str) -> str:
    """The E.164 number that an operator typed; without a plus, one of the rules file's country."""
    try:
        return number_from(typed, "" if typed.startswith("+") else (await rules_of_file()).country)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def operator_name() -> str:
    """The user of this machine, whom the ledger names for changes by hand."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def local_host(settings: Settings) -> str:
    """The address at which this machine reaches the service."""
    return ALL_ADDRESSES.get(settings.host, settings.host)


def local_url(settings: Settings) -> str:
    """The beginning of the service's URLs, as this machine reaches it.

    >>> local_url(load_settings({"RESPONDER_HOST": "::"}))
    'http://[::1]:8000'
    """
    host = local_host(settings)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
