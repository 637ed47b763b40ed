"""What needs a person, as seen in the state of the installation."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from responder.core.operations.clock_offset import ClockOffset
from responder.core.outbound.fates import Endpoint
from responder.core.rules.rules import Rules
from responder.core.rules.sections import AlertKind, Trouble
from responder.core.sms.times import iso

SEEN_WITHIN = timedelta(seconds=15)  # workers and intakes report every few seconds; one silent for longer is gone
UNSEEN = "its intake was not seen lately: start 'responder run' or 'responder mail'"


class MailboxState(StrEnum):
    """What the intake can do with its mailbox."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedMessages:
    """How many messages failed and can be retried, by reason; no reason quotes a text."""

    by_reason: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(self.by_reason.values())

    @property
    def reasons(self) -> str:
        """The reasons, in a few words.

        >>> FailedMessages(by_reason={"ValueError": 1}).reasons
        'ValueError'
        >>> FailedMessages(by_reason={"8 workers died while they handled it": 2, "ValueError": 1}).reasons
        '8 workers died while they handled it (2), ValueError (1)'
        """
        if len(self.by_reason) == 1:
            return next(iter(self.by_reason))
        return ", ".join(f"{reason} ({count})" for reason, count in self.by_reason.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class MailboxReport:
    """One intake: its mailbox, what is wrong with it, and what it has taken since it started.

    ``lag_s`` is from the last mail's arrival to its commit; ``left_alone`` counts mails that only a person can judge.
    """

    name: str
    place: str
    state: MailboxState
    reason: str | None
    last_mail_at: datetime | None
    lag_s: float | None
    taken: int
    malformed: int
    left_alone: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FailingMailbox:
    """A mailbox that no mail is read from, and why."""

    place: str
    reason: str


def unseen(place: str) -> MailboxReport:
    return MailboxReport(
        name="",
        place=place,
        state=MailboxState.NOT_SEEN,
        reason=UNSEEN,
        last_mail_at=None,
        lag_s=None,
        taken=0,
        malformed=0,
    )


CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """A gateway's last answer about its credit, with its time, and why a later question failed."""

    gateway: str
    amount: Decimal | None = None
    told_at: datetime | None = None
    failure: str | None = None


def in_cents(amount: Decimal) -> str:
    """An amount for people, never more than it is.

    >>> in_cents(Decimal("10.329"))
    '10.32'
    """
    return str(amount.quantize(CENT, ROUND_DOWN))


LATE = timedelta(minutes=1)  # after which a waiting message is a trouble
LONGEST_SUBJECT = 200  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """The state of the installation, as far as it matters; ``refusal`` is why the gateway takes no replies."""

    dead_letters: int = 0
    endpoints: Collection[Endpoint] = ()
    refusal: str | None = None
    credits: Collection[Credit] = ()
    mailboxes: Collection[FailingMailbox] = ()
    oldest_waiting: datetime | None = None
    failed: FailedMessages = field(default_factory=FailedMessages)
    clock: ClockOffset | None = None
    rules_are_refused: bool = False


def troubles(sight: Sight, rules: Rules, now: datetime) -> Iterator[Trouble]:
    """What needs a person, by the rules in force."""
    if sight.dead_letters:
        yield Trouble(kind=AlertKind.DEAD_LETTERS, details={"count": str(sight.dead_letters)})
    for endpoint in sight.endpoints:
        named = rules.webhooks.get(endpoint.name)
        if endpoint.disabled_at and named and named.address == endpoint.address:
            yield Trouble(kind=AlertKind.WEBHOOK_OFF, subject=endpoint.name, details={"reason": endpoint.reason or ""})
    if sight.refusal is not None:
        yield Trouble(kind=AlertKind.GATEWAY_REFUSES, details={"reason": sight.refusal})
    yield from (low for credit in sight.credits if (low := low_credit(credit, rules.alerts.credit_low)))
    for mailbox in sight.mailboxes:
        yield Trouble(
            kind=AlertKind.MAILBOX_FAILS, subject=mailbox.place[:LONGEST_SUBJECT], details={"reason": mailbox.reason}
        )
    if sight.oldest_waiting and now - sight.oldest_waiting > LATE:
        yield Trouble(kind=AlertKind.MESSAGES_WAIT, details={"since": iso(sight.oldest_waiting.replace(microsecond=0))})
    if sight.failed.count:
        yield Trouble(
            kind=AlertKind.MESSAGES_FAILED, details={"count": str(sight.failed.count), "reasons": sight.failed.reasons}
        )
    if sight.clock and sight.clock.median and sight.clock.is_off:
        offset_s = str(round(sight.clock.median.total_seconds()))
        yield Trouble(kind=AlertKind.CLOCK_OFF, details={"offset_s": offset_s, "what": sight.clock.sentence})
    if sight.rules_are_refused:
        yield Trouble(kind=AlertKind.RULES_REFUSED)


def low_credit(credit: Credit, limit: Decimal | None) -> Trouble | None:
    """The trouble of a credit below the limit; None if it is enough or unknown."""
    if limit is None or credit.amount is None or credit.amount >= limit:
        return None
    return Trouble(
        kind=AlertKind.CREDIT_LOW,
        subject=credit.gateway,
        details={"credit": in_cents(credit.amount), "limit": str(limit)},
    )
