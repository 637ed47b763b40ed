"""What is said of an alert: place, word and remedy when it opens, and one sentence when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from responder.core.alerts import Alert, AlertKind


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
        opened="webhook {subject}: it is switched off, since {reason}; mend it, then run 'responder deliveries retry --to {subject}'",
        closed="webhook {subject}: it is no longer switched off",
    ),
    AlertKind.GATEWAY_REFUSES: Words(
        title="the gateway refuses us",
        opened="gateway: no reply is sent: {reason}; the replies wait, and follow once it is mended: 'responder doctor' tells",
        closed="gateway: replies are sent again",
    ),
    AlertKind.CREDIT_LOW: Words(
        title="the credit is low",
        opened="credit: {credit} is left at {subject}, less than {limit}; top it up with the gateway, or set alerts.credit_low in the rules file",
        closed="credit: there is enough at {subject} again",
    ),
    AlertKind.MAILBOX_FAILS: Words(
        title="the mailbox fails",
        opened="mailbox {subject}: {reason}; texts by e-mail wait there: 'responder doctor' tells what to do",
        closed="mailbox {subject}: it no longer fails",
    ),
    AlertKind.MESSAGES_WAIT: Words(
        title="messages wait",
        opened="messages: the oldest has waited since {since}; see what 'responder doctor' says, and the log of the workers",
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
    """What an alert says: what is wrong and what to do about it, or that it is over."""
    words = WORDS[alert.trouble.kind]
    return (words.closed if alert.closed_at else words.opened).format(
        subject=alert.trouble.subject, **alert.trouble.details
    )
