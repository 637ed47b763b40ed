"""responder replay: stored messages through another rules file, and what it would do differently."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.rules.replay_report import Found, as_markdown, as_records, as_text
from responder.cli.terminal.options import AsJson, Since
from responder.cli.terminal.output import echo_json, progress, say
from responder.cli.terminal.session import with_desk
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.replaying import replay_messages
from responder.rulefile import load_rules
from responder.settings.environment import environment

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
    found: list[Found] = []
    with_desk(
        partial(_replay, candidate=candidate, file=str(rules), since=since, shows_numbers=show_numbers, found=found)
    )
    _print(found[0], markdown=markdown, as_json=as_json)
    if found[0].changed and expect_none:
        raise typer.Exit(1)


def _print(found: Found, *, markdown: bool, as_json: bool) -> None:
    if as_json:
        for record in as_records(found):
            echo_json(record)
    else:
        say("\n".join(as_markdown(found) if markdown else as_text(found)))


async def _replay(
    desk: Desk, *, candidate: Rules, file: str, since: datetime | None, shows_numbers: bool, found: list[Found]
) -> None:
    replayed, first_at = await replay_messages(desk, candidate, since=since, follow=partial(progress, "replay"))
    found.append(
        Found(
            file=file,
            messages=replayed.messages,
            first_at=first_at,
            groups=replayed.groups(),
            shows_numbers=shows_numbers,
            zone=candidate.zone,
        )
    )
