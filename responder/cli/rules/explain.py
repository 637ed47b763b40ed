"""responder explain: what a text would do and why, while nothing is sent and nothing is kept."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.rules.explanation_report import print_explanation
from responder.cli.terminal.options import EXAMPLE_FROM, AsJson, read_end
from responder.cli.terminal.output import echo_json, say
from responder.cli.terminal.session import with_desk
from responder.core.contact.known import Known
from responder.core.deciding.plan import make_plan
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message
from responder.core.sms.typed_times import read_moment
from responder.desk.editing.trying import Said, Talk, explanation_of, message_of, state_for
from responder.errors import ConfigurationError
from responder.rulefile import load_rules
from responder.settings.environment import environment
from responder.settings.model import load_settings
from responder.wiring import utc_now

Text = Annotated[str, typer.Argument(metavar="TEXT", help="The text that somebody might send.")]
From = Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who sends it.")]
To = Annotated[
    str, typer.Option("--to", metavar="NUMBER", help="Which number it goes to; without it, the first of 'numbers'.")
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="When it arrives, as in 2026-12-01T09:00 (in the rules' zone); without it, now."
    ),
]
OtherRules = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="The rules file; without it that of RESPONDER_RULES.")
]
Clean = Annotated[bool, typer.Option("--clean", help="As if nothing were known of the sender.")]

app = typer.Typer()


@app.command("explain")
def explain(
    text: Text,
    *,
    sender: From = EXAMPLE_FROM,
    to: To = "",
    at: At = None,
    rules: OtherRules = None,
    clean: Clean = False,
    as_json: AsJson = False,
) -> None:
    settings = load_settings()
    in_force = load_rules(rules or settings.rules, environment())
    ends = (read_end(sender, in_force), read_end(to, in_force) if to else in_force.our_number)
    talk = Talk(originator=ends[0], destination=ends[1])
    message = message_of(talk, Said(text=text, at=_moment(at, in_force)))
    known, pauses = _known(message, clean=clean)
    plan = make_plan(message, in_force.with_pauses(pauses), known)
    explanation = explanation_of(plan)
    if as_json:
        echo_json(explanation.as_json())
    else:
        line = next((rule.line for rule in in_force.rules if rule.name == plan.rule), None)
        print_explanation(explanation, line=line, zone=in_force.zone)


def _moment(at: str | None, rules: Rules) -> datetime:
    try:
        return read_moment(at, rules.zone) if at else utc_now()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None


def _known(message: Message, *, clean: bool) -> tuple[Known, Mapping[str, RulePause]]:
    """What is known of the originator, and which rules are paused; if nothing can be read, print why."""
    if not clean:
        try:
            return with_desk(partial(state_for, message=message))
        except ConfigurationError as error:
            say(f"explained as if nothing were known of the sender, since {error}", err=True)
    return Known(originator=message.originator), {}
