"""responder replay: stored messages through another rules file, and what it would do differently."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.rules.replay_report import Found, as_markdown, as_records, as_text
from responder.cli.terminal.options import AsJson, Since
from responder.cli.terminal.output import echo_json, progress, say
from responder.cli.terminal.session import open_existing
from responder.core.rehearsal.replay import Replay
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message
from responder.rulefile import load_rules, rules_from
from responder.settings.environment import environment
from responder.settings.model import Settings, load_settings
from responder.store.base.listing import read_all
from responder.store.base.rule_versions import RuleVersions
from responder.store.reading.contacts_then import Beginning, count_and_begin, decided_messages, read_past
from responder.wiring import Store, read_rules_in_force

TOGETHER = 1000  # messages at a time, whose originators are looked up together

Candidate = Annotated[
    Path, typer.Option("--rules", metavar="FILE", help="The rules file to try against the rules in force.")
]
ExpectNone = Annotated[bool, typer.Option("--expect-none", help="Fail if anything would change.")]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Show who sent the texts, and numbers inside them.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")]

app = typer.Typer()


@app.command("replay")
def replay(
    *,
    rules: Candidate,
    since: Since = None,
    expect_none: ExpectNone = False,
    show_numbers: ShowNumbers = False,
    markdown: Markdown = False,
    as_json: AsJson = False,
) -> None:
    if markdown and as_json:
        raise typer.BadParameter("--markdown and --json cannot both be had", param_hint="--markdown")
    candidate = load_rules(rules, environment())
    found = asyncio.run(_replayed(load_settings(), candidate, str(rules), since, show_numbers=show_numbers))
    if as_json:
        for record in as_records(found):
            echo_json(record)
    else:
        say("\n".join(as_markdown(found) if markdown else as_text(found)))
    if found.changed and expect_none:
        raise typer.Exit(1)


async def _replayed(
    settings: Settings, candidate: Rules, file: str, since: datetime | None, *, show_numbers: bool
) -> Found:
    async with open_existing(settings) as store:
        replayed = Replay(await _in_force(settings, store), candidate)
        count, begin = await count_and_begin(store.database, since)
        if begin:
            await _run(store, replayed, since, begin, count)
    first_at = begin.at if begin and since is None else since
    return Found(
        file=file,
        messages=replayed.messages,
        first_at=first_at,
        groups=replayed.groups(),
        shows_numbers=show_numbers,
        zone=candidate.zone,
    )


async def _in_force(settings: Settings, store: Store) -> Rules:
    """The rules that came into force last, or else those of the rules file."""
    version = await RuleVersions(store.database).newest()
    return rules_from(version.sources, environment()) if version else await read_rules_in_force(settings)


async def _run(store: Store, replayed: Replay, since: datetime | None, begin: Beginning, count: int) -> None:
    with progress("replay", count) as advance:
        async for page in _pages(read_all(store.database, decided_messages(since))):
            replayed.begin(await read_past(store.database, replayed.strangers(page), begin))
            for message in page:
                replayed.take(message)
            advance(len(page))


async def _pages(messages: AsyncIterator[Message]) -> AsyncIterator[list[Message]]:
    page: list[Message] = []
    async for message in messages:
        page.append(message)
        if len(page) == TOGETHER:
            yield page
            page = []
    if page:
        yield page
