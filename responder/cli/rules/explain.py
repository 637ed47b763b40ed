"""responder explain: what a text would do and why, while nothing is sent and nothing is kept; explanations in words."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.terminal.options import EXAMPLE_FROM, AsJson, read_end
from responder.cli.terminal.output import echo_json, moment, one_line, say
from responder.cli.terminal.session import with_desk
from responder.core.contact.known import Known
from responder.core.deciding.plan import make_plan
from responder.core.operations.messages import Explanation
from responder.core.operations.records import DeliveryRecord
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

LINES = 200  # of what came in; the rest is in the database
SUPERSEDED = "yes, a newer message of the originator stands, or a change by hand"
LABEL = 12  # characters before a value
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


def print_explanation(
    explanation: Explanation, *, line: int | None = None, indent: str = "", zone: tzinfo = UTC
) -> None:
    """Print an explanation, with times in the zone; ``line`` is the line of its rule, if that is known."""
    message = explanation.message
    rule = message.rule or ("none, nothing matched" if explanation.match is not None else None)
    values = {
        "from": message.originator,
        "to": message.destination,
        "sent": moment(message.sent_at, zone),
        "received": moment(message.received_at, zone),
        "text": message.text,
        "folded": message.folded,
        "language": explanation.language,
        "rule": f"{rule} (line {line})" if line else rule,
        "reserved": _reserved(explanation.reserved) if explanation.reserved else None,
        **_match(explanation.match or {}),
        "superseded": SUPERSEDED if message.is_superseded else None,
        "error": message.error,
    }
    _print_values(values, indent)
    _print_section("then", map(_step, explanation.steps), indent)
    near_misses = (f"{miss['rule']} (line {miss['line']}): {miss['why']}" for miss in explanation.near_misses)
    _print_section("near misses", near_misses, indent)


def print_raw(raw: bytes) -> None:
    """Print what came in, as it came, for a person to make sense of."""
    _print_section("came as", (one_line(line) for line in raw.decode("utf-8", "replace").splitlines()[:LINES]))


def print_deliveries(deliveries: Iterable[DeliveryRecord]) -> None:
    """Print what became of the calls that a message led to."""
    _print_section("deliveries", (_delivery(delivery) for delivery in deliveries))


def _print_values(values: Mapping[str, str | None], indent: str) -> None:
    for label, value in values.items():
        if value:
            say(f"{indent}{label:<{LABEL}}{one_line(value)}")


def _print_section(title: str, lines: Iterable[str], indent: str = "") -> None:
    for number, line in enumerate(lines):
        say(f"{indent}{'' if number else title:<{LABEL}}{one_line(line)}")


def _match(match: Mapping[str, Any]) -> dict[str, str]:
    groups = {f"  {name}": str(value) for name, value in match.get("groups", {}).items()}
    return {
        "match": match.get("text", ""),
        "taken for": match.get("taken_for", ""),
        **groups,
        "rest": match.get("rest", ""),
    }


def _reserved(found: Mapping[str, Any]) -> str:
    """A reserved word as one line.

    >>> _reserved({"outcome": "opt_out", "step": 2, "word": "STOP", "pack": "it", "pack_version": "7", "lists": ["a"]})
    'opt_out of a by step 2, "STOP" of the pack it 7'
    """
    lists = f" of {', '.join(found['lists'])}" if found.get("lists") else ""
    word = f'"{found["word"]}" of the pack {found["pack"]} {found["pack_version"]}'
    return f"{found['outcome']}{lists} by step {found['step']}, {word}"


def _step(step: Mapping[str, Any]) -> str:
    """A step or effect as one line.

    >>> _step({"action": "reply", "text": "See you.", "segments": 1})
    'reply: text "See you.", segments 1'
    """
    settings = ", ".join(f"{name} {_shown(value)}" for name, value in step.items() if name != "action")
    return f"{step['action']}: {settings}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items()) or "none"
    return f'"{value}"' if isinstance(value, str) and " " in value else str(value)


def _delivery(delivery: DeliveryRecord) -> str:
    reason = f" ({delivery.last_error})" if delivery.last_error else ""
    persons = {"written": delivery.operator, "tried again": delivery.retried_by}
    acted = "".join(f", {what} by {person}" for what, person in persons.items() if person)
    fate = f"{delivery.status}, attempts {delivery.attempts}"
    return f"{delivery.kind} {delivery.key} to {delivery.to}: {fate}{acted}{reason}"


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
