"""What leaves because of an alert: calls of webhooks as steps, and e-mails."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from responder.core.contact.effects import Step, StepKind
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Alert, AlertKind, Event, Mail
from responder.core.sms.times import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words for one kind of alert; subject and details are filled in."""

    title: str
    opened: str
    closed: str


WORDS: Mapping[AlertKind, Words] = {
    AlertKind.DEAD_LETTERS: Words(
        title="deliveries were given up",
        opened=(
            "deliveries: given up within an hour: {count}; see why with 'responder deliveries list --status dead',"
            " then run 'responder deliveries retry KEY' (or --to NAME for a webhook)"
        ),
        closed="deliveries: none was given up for an hour",
    ),
    AlertKind.WEBHOOK_OFF: Words(
        title="webhook {subject} is switched off",
        opened=(
            "webhook {subject}: it is switched off, since {reason};"
            " mend it, then run 'responder deliveries retry --to {subject}'"
        ),
        closed="webhook {subject}: it is no longer switched off",
    ),
    AlertKind.GATEWAY_REFUSES: Words(
        title="the gateway refuses us",
        opened=(
            "gateway: no reply is sent: {reason};"
            " the replies wait, and follow once it is mended: 'responder doctor' tells"
        ),
        closed="gateway: replies are sent again",
    ),
    AlertKind.CREDIT_LOW: Words(
        title="the credit is low",
        opened=(
            "credit: {credit} is left at {subject}, less than {limit};"
            " top it up with the gateway, or set alerts.credit_low in the rules file"
        ),
        closed="credit: there is enough at {subject} again",
    ),
    AlertKind.MAILBOX_FAILS: Words(
        title="the mailbox fails",
        opened="mailbox {subject}: {reason}; texts by e-mail wait there: 'responder doctor' tells what to do",
        closed="mailbox {subject}: it no longer fails",
    ),
    AlertKind.MESSAGES_WAIT: Words(
        title="messages wait",
        opened=(
            "messages: the oldest has waited since {since};"
            " see what 'responder doctor' says, and the log of the workers"
        ),
        closed="messages: none waits for longer than a minute",
    ),
    AlertKind.MESSAGES_FAILED: Words(
        title="messages failed",
        opened=(
            "messages: could not be handled: {count}, since {reasons}; see 'responder messages list --status failed',"
            " mend it, then run 'responder messages retry --status failed'"
        ),
        closed="messages: none is failed any more",
    ),
    AlertKind.CLOCK_OFF: Words(
        title="the gateway's clock is off",
        opened="clock: {what}; then 'responder doctor' tells whether it fits",
        closed="clock: the gateway's times fit again",
    ),
    AlertKind.RULES_REFUSED: Words(
        title="the rules file was refused",
        opened="rules: the file has mistakes, so that the last good rules stay in force; run 'responder check'",
        closed="rules: those of the file are in force",
    ),
}


def title_of(alert: Alert) -> str:
    """What an alert is about, in a few words."""
    return WORDS[alert.trouble.kind].title.format(subject=alert.trouble.subject)


def sentence_of(alert: Alert) -> str:
    """What is wrong and what to do about it, or that it is over."""
    words, trouble = WORDS[alert.trouble.kind], alert.trouble
    return (words.closed if alert.closed_at else words.opened).format(subject=trouble.subject, **trouble.details)


NO_MESSAGE = ""  # the message key of a step that follows from no message


def calls_of(alert: Alert, rules: Rules) -> Iterator[Step]:
    """The calls of webhooks for an alert; one that was switched off does not hear of that itself."""
    for event, data in events_of(alert):
        yield from _calls(alert, event, data, rules)


def events_of(alert: Alert) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    """The events of an alert that was just opened or closed, with their data."""
    is_over = alert.closed_at is not None
    yield Event.ALERT_CLOSED if is_over else Event.ALERT_OPENED, _data(alert)
    if alert.trouble.kind is AlertKind.CREDIT_LOW and not is_over:
        yield Event.CREDIT_LOW, {"gateway": alert.trouble.subject, **alert.trouble.details}


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
            content=content,
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
    """The e-mails for an alert; ``host`` names the machine that noticed."""
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
