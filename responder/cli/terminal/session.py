"""What commands work on: an installation's desk and rules, and its operator."""

import asyncio
import getpass
import inspect
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

import typer

from responder.cli.terminal.installation import missing_file
from responder.cli.terminal.output import NEWEST, Column, R, print_records, say
from responder.core.rules.rules import Rules
from responder.core.sms.address import end_from, number_from
from responder.desk.desk import Desk, Invalid, Missing, Records
from responder.desk.rule_versions import read_rule_pauses, version_in_force
from responder.errors import ConfigurationError, ResponderError
from responder.rulefile import rules_from
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings
from responder.wiring import Store, make_desk, open_store, read_rules_in_force

P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """The desk of an existing installation; ConfigurationError with the remedy if there is none."""
    if path := missing_file(settings):
        remedy = "start with 'responder run', or set RESPONDER_DATA_DIR or RESPONDER_DATABASE_URL"
        raise ConfigurationError(f"{path}: there is no database yet, {remedy}")
    async with open_store(settings) as store:
        yield _desk(store)


def with_desk(work: Callable[[Desk], Awaitable[T]], *, keys: str = "") -> T:
    """What a command's work at the desk gives; ``keys`` is the command that lists what it may name.

    ConfigurationError, with the remedy, if there is none.
    """

    async def run() -> T:
        try:
            async with open_desk(load_settings()) as desk:
                return await work(desk)
        except Invalid as error:
            raise typer.BadParameter("; ".join(error.errors)) from None
        except Missing as error:
            named = "ids" if keys.startswith("responder appointments") else "keys"
            raise ResponderError(f"{error}: '{keys}' has the {named}" if keys else str(error)) from None

    return asyncio.run(run())


def at_desk(keys: str = "") -> Callable[[Callable[Concatenate[Desk, P], Awaitable[None]]], Callable[P, None]]:
    """Make a command of work at the desk: the desk is its first parameter, and what is typed are the others."""

    def command_of(work: Callable[Concatenate[Desk, P], Awaitable[None]]) -> Callable[P, None]:
        @wraps(work)
        def command(*args: P.args, **kwargs: P.kwargs) -> None:
            with_desk(lambda desk: work(desk, *args, **kwargs), keys=keys)

        signature = inspect.signature(work)
        vars(command)["__signature__"] = signature.replace(parameters=[*signature.parameters.values()][1:])
        return command

    return command_of


def _desk(store: Store) -> Desk:
    """The desk of a command: by the rules of the file, or else the last good ones."""
    read: list[Rules] = []

    async def rules() -> Rules:
        if not read:
            read.append((await last_good_rules(desk)).with_pauses(await read_rule_pauses(desk)))
        return read[0]

    desk = make_desk(store, rules, warn=partial(say, err=True))
    return desk


async def last_good_rules(desk: Desk) -> Rules:
    """The rules of the file, or else those that were in force last. Raises ConfigurationError if there are none."""
    try:
        return await rules_of_file()
    except ConfigurationError:
        version = await version_in_force(desk)
        with suppress(ConfigurationError):
            if version:
                return rules_from(version.sources, environment())
        raise


def print_list(
    listed: Callable[[Desk], Records[R] | Awaitable[Records[R]]],
    columns: Sequence[Column[R]],
    *,
    limit: int | None,
    as_json: bool,
    empty: str,
    whole: bool = False,
) -> None:
    """Print the newest of some records and say how many more there are; for programs, or if ``whole``, all of them."""
    most = limit if limit or as_json or whole else NEWEST

    async def work(desk: Desk) -> None:
        records = listed(desk)
        found = records if isinstance(records, Records) else await records
        zone = UTC if as_json else await desk.zone()
        shown = await print_records(found.every(most), columns, as_json=as_json, empty=empty, zone=zone)
        if shown == most and not as_json and (total := await found.count()) > shown:
            more, them = ("1 more comes", "it") if total - shown == 1 else (f"{total - shown:,} more come", "them")
            say(f"{more} before {'this' if shown == 1 else 'these'}: --limit {total} shows {them} as well", err=True)

    with_desk(work)


async def rules_of_file() -> Rules:
    """The rules of the rules file; RulesError if it has mistakes."""
    return await read_rules_in_force(load_settings())


async def read_number(desk: Desk, typed: str) -> str:
    """The E.164 number that an operator typed; without a plus, one of the rules file's country."""
    try:
        return number_from(typed, await _country(desk, typed))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


async def read_address(desk: Desk, typed: str | None) -> str | None:
    """Either end of a message as an operator typed it: a number, a short code, or a name; None if none was typed."""
    try:
        return None if typed is None else end_from(typed, await _country(desk, typed))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


async def _country(desk: Desk, typed: str) -> str:
    return "" if typed.startswith("+") else (await desk.rules()).country


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal before what is not easily undone, and end the command unless the answer is yes."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def operator_name() -> str:
    """The user of this machine, whom the ledger names for changes by hand."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
