"""Short ways to say what a phone texted, what is known of it, and which rules there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from textwrap import dedent
from typing import Any

from responder.core.contact.effects import AppointmentStatus, StepKind
from responder.core.contact.known import Appointment, Known
from responder.core.deciding.plan import Plan, make_plan
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation
from responder.core.sms.message import Channel, Message, Order
from responder.rulefile import read_rules
from tests.builders import ANNA, SHOP
from tests.conftest import NOON

HEAD = "version: 1\nlists: {news: {title: Weekly news}, offers: }\n"


def rules(body: str = "", head: str = "", environment: Mapping[str, str] | None = None) -> Rules:
    """The rules of a file with two lists, given what else stands in it."""
    return read_rules(HEAD + dedent(head) + dedent(body), "rules.yaml", environment or {})


def one_rule(when: str, *then: str, head: str = "") -> Rules:
    """A file with one rule."""
    actions = "".join(f"      - {action}\n" for action in then or ("hand_off: seen",))
    return rules(f"rules:\n  - name: only\n    when: {when}\n    then:\n{actions}", head)


def message(
    text: str = "News ON", originator: str = ANNA, *, at: datetime = NOON, seq: int = 1, **other: Any
) -> Message:
    """A message in the inbox."""
    fields: dict[str, Any] = {
        "seq": seq,
        "key": f"{seq:032x}",
        "channel": Channel.WEBHOOK,
        "gateway": "agile",
        "originator": originator,
        "destination": SHOP,
        "text": text,
        "sent_at": None,
        "received_at": at,
        "order": Order(at, seq),
    }
    return Message(**(fields | other))


def appointment(name: str = "a1", status: AppointmentStatus = AppointmentStatus.SCHEDULED, **other: Any) -> Appointment:
    """An appointment of tomorrow that was asked about."""
    fields: dict[str, Any] = {
        "id": name,
        "originator": ANNA,
        "starts_at": NOON + timedelta(hours=21),
        "status": status,
        "updated_at": NOON - timedelta(days=3),
        "asked_at": NOON - timedelta(hours=3),
    }
    return Appointment(**(fields | other))


def known(originator: str = ANNA, **fields: Any) -> Known:
    """What is known of an originator."""
    return Known(originator=originator, **fields)


def situation(text: str, of_rules: Rules | None = None, *, about: Known | None = None) -> Situation:
    """A message and all that is known around it."""
    about = about or known()
    return Situation(
        message=message(text, about.originator),
        known=about,
        lexicon=(of_rules or rules()).vocabulary.of(about.originator),
    )


def plan(text: str, by: Rules | None = None, about: Known | None = None, **other: Any) -> Plan:
    """What happens because of a text."""
    about = about or known()
    return make_plan(message(text, about.originator, **other), by or rules(), about)


def replies(of_plan: Plan) -> list[str]:
    """The texts that a plan sends."""
    return [step.content for step in of_plan.steps if step.kind is StepKind.REPLY]
