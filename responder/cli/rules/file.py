"""responder check, describe and schema: mistakes of a rules file as printed, its rules in plain words, its schema."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.terminal.installation import missing_file
from responder.cli.terminal.options import AsJson, RulesFile
from responder.cli.terminal.output import echo_json, one_line, say
from responder.cli.terminal.session import open_desk
from responder.core.outbound.leaving import why_never_called
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rules
from responder.desk.rule_versions import read_rule_pauses
from responder.errors import ConfigurationError, Mistake, ResponderError, RulesError
from responder.rulefile import load_rules
from responder.rulefile.describe.document import described
from responder.rulefile.describe.schema import rules_schema
from responder.rulefile.reading.places import Spot, placed_sources
from responder.rulefile.warnings import warnings_of
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings

WIDEST = 160  # characters shown of a line
SERVER = "RESPONDER_SMTP_URL"
OF_PRIVATE = "use https and a public address, or set RESPONDER_ALLOW_PRIVATE_WEBHOOKS"

app = typer.Typer()


def load_or_exit(path: Path, *, as_json: bool) -> Rules:
    """The rules of a file; if it has mistakes, print them and end the command with 1."""
    try:
        return load_rules(path, environment())
    except RulesError as error:
        print_mistakes(error.mistakes, "error", as_json=as_json)
        raise typer.Exit(1) from None


def print_mistakes(
    mistakes: Iterable[Mistake], level: str, *, as_json: bool, more: Mapping[int, Mapping[str, Any]] | None = None
) -> None:
    """Print mistakes; ``more`` has further JSON fields, by the number of the mistake."""
    for number, mistake in enumerate(mistakes):
        if as_json:
            place = {
                "file": mistake.file,
                "line": mistake.line,
                "column": mistake.column,
                "text": mistake.text,
                "level": level,
            }
            echo_json({**place, **(more or {}).get(number, {})})
            continue
        kind = "" if level == "error" else f"{level}: "
        say(f"{mistake.file}:{mistake.line}:{mistake.column}: {kind}{mistake.text}")
        if sys.stdout.isatty() and (line := _line_of(mistake.file, mistake.line)) is not None:
            say(pointed_at(line, mistake.column))


def pointed_at(line: str, column: int) -> str:
    """A line of a file with a caret below the column.

    >>> print(pointed_at("then: [subscibe: news]", 8))
        then: [subscibe: news]
               ^
    """
    begins = max(0, column - WIDEST // 2) if column > WIDEST else 0
    shown = one_line(line.expandtabs(1))[begins : begins + WIDEST]
    return f"    {shown}\n    {' ' * (column - begins - 1)}^"


@cache
def _lines_of(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").splitlines())
    except OSError:
        return ()


def _line_of(file: str, line: int) -> str | None:
    lines = _lines_of(file)
    return lines[line - 1] if 0 < line <= len(lines) else None


@app.command("check")
def check(
    rules: RulesFile = None,
    *,
    deny_warnings: Annotated[bool, typer.Option("--deny-warnings", help="Fail on warnings as well.")] = False,
    as_json: AsJson = False,
) -> None:
    path = rules or load_settings().rules
    found = load_or_exit(path, as_json=as_json)
    cautions = warnings_of(found, placed_sources(found), datetime.now(UTC))
    warnings = [*(caution.mistake for caution in cautions), *_unmailed(found), *_uncalled(found)]
    more = {number: caution.as_json() for number, caution in enumerate(cautions)}
    print_mistakes(warnings, "warning", as_json=as_json, more=more)
    if not as_json:
        contents = f"{_counted(len(found.rules), 'rule')}, {_counted(len(found.lists), 'list')}, hash {found.hash}"
        verdict = f"no mistakes, {_counted(len(warnings), 'warning')}" if warnings else "no mistakes"
        say(f"{path}: {contents}, {verdict}")
    if warnings and deny_warnings:
        raise typer.Exit(1)


def _unmailed(rules: Rules) -> Iterator[Mistake]:
    """A warning if alerts should be mailed but no mail server is set."""
    if not rules.alerts.email or environment().get(SERVER, "").strip():
        return
    if found := placed_sources(rules).section("alerts", "email"):
        spot = Spot(file=found[0].file, place=found[1].place)
        yield spot.mistake(f"alerts: nobody gets a mail while {SERVER} is not set, set it where the workers start")


def _uncalled(rules: Rules) -> Iterator[Mistake]:
    """A warning for each webhook that would never be called, as things are set here."""
    try:
        if load_settings().allow_private_webhooks:
            return
    except ConfigurationError:  # which doctor tells
        return
    for webhook in rules.webhooks.values():
        if why := why_never_called(webhook.url):
            found = placed_sources(rules).section("webhooks", webhook.name, "url")
            if found is None:
                continue
            spot = Spot(file=found[0].file, place=found[1].place)
            yield spot.mistake(f"webhook {webhook.name!r} is never called, since it is {why}: {OF_PRIVATE}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@app.command("describe")
def describe(rules: RulesFile = None) -> None:
    settings = load_settings()
    loaded = load_or_exit(rules or settings.rules, as_json=False)
    paused = loaded if rules else loaded.with_pauses(asyncio.run(_pauses(settings)))
    say(described(paused, placed_sources(loaded)), nl=False)


async def _pauses(settings: Settings) -> Mapping[str, RulePause]:
    """The rules that are paused, where there is an installation yet."""
    if missing_file(settings):
        return {}
    try:
        async with open_desk(settings) as desk:
            return await read_rule_pauses(desk)
    except ResponderError as error:
        say(f"which rules are paused cannot be told: {error}", err=True)
        return {}


@app.command("schema")
def schema() -> None:
    say(json.dumps(rules_schema(), indent=2, ensure_ascii=False))
