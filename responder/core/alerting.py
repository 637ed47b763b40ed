"""Who hears of an alert, and what: calls of webhooks as steps, and e-mails."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from responder.core.alert_words import sentence_of, title_of
from responder.core.alerts import Alert, AlertKind, Mail
from responder.core.effects import Purpose, Step, StepKind
from responder.core.events import Event
from responder.core.rules import Rules
from responder.core.timestamps import iso

NO_MESSAGE = ""  # the message key of a step that follows from no message


def calls_of(alert: Alert, rules: Rules) -> Iterator[Step]:
    """The calls that tell of an alert; a webhook that was switched off is not told so itself."""
    is_over = alert.closed_at is not None
    event = Event.ALERT_CLOSED if is_over else Event.ALERT_OPENED
    yield from _calls(alert, event, _data(alert), rules)
    if alert.trouble.kind is AlertKind.CREDIT_LOW and not is_over:
        yield from _calls(alert, Event.CREDIT_LOW, {"gateway": alert.trouble.subject, **alert.trouble.details}, rules)


def _calls(alert: Alert, event: Event, data: Mapping[str, Any], rules: Rules) -> Iterator[Step]:
    hearers = set(rules.webhooks_for(event))
    if event is not Event.CREDIT_LOW and rules.alerts.webhook:
        hearers.add(rules.alerts.webhook)
    if alert.trouble.kind is AlertKind.WEBHOOK_OFF and alert.closed_at is None:
        hearers.discard(alert.trouble.subject)
    at = alert.closed_at or alert.opened_at
    content = json.dumps({"type": str(event), "timestamp": iso(at), "data": data}, ensure_ascii=False)
    for number, name in enumerate(sorted(hearers), start=1):
        yield Step(
            key=f"{alert.key}-{event.rpartition('.')[2]}-{number}",
            message_key=NO_MESSAGE,
            kind=StepKind.WEBHOOK,
            originator="",
            to=name,
            sender="",
            content=content,
            purpose=Purpose.ANSWER,
            segments=0,
            expires_at=None,
        )


def _data(alert: Alert) -> Mapping[str, Any]:
    return {
        "key": alert.key,
        "kind": str(alert.trouble.kind),
        "subject": alert.trouble.subject,
        "text": sentence_of(alert),
        "opened_at": iso(alert.opened_at),
        "closed_at": iso(alert.closed_at),
        "details": dict(alert.trouble.details),
    }


def mails_of(alert: Alert, rules: Rules, host: str) -> Iterator[Mail]:
    """The e-mails that tell of an alert; ``host`` names the machine that noticed."""
    word, what = ("over", "closed") if alert.closed_at else ("alert", "opened")
    times = [f"since {iso(alert.opened_at)}", *([f"until {iso(alert.closed_at)}"] if alert.closed_at else [])]
    content = "\n".join([sentence_of(alert), "", *times, f"responder on {host}", ""])
    for number, recipient in enumerate(rules.alerts.email, start=1):
        yield Mail(
            key=f"{alert.key}-{what}-{number}",
            recipient=recipient,
            subject=f"[responder] {word}: {title_of(alert)}",
            content=content,
        )
