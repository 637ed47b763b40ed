"""The figures of a service of which everything is known, so that each has its name and its labels."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from responder.core.consent.standing import ConsentCounts
from responder.core.contact.effects import StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.clock_offset import ClockOffset
from responder.core.operations.records import RulesStatus
from responder.core.operations.troubles import Credit, FailedMessages, MailboxReport, MailboxState
from responder.core.rules.sections import AlertKind
from responder.store.outbound.reports import Deliveries
from responder.web.figures import Figures, Tally
from responder.web.health import State, Worker
from responder.web.webhooks import Refusals
from tests.conftest import NOON

MAILBOX = MailboxReport(
    name="mail", place="mail.example.com", state=MailboxState.CONNECTED, reason=None, last_mail_at=NOON, lag_s=1.0,
    taken=1, malformed=0,
)  # fmt: skip
STATE = State(
    redis_is_up=True,
    workers=[Worker(has_redis=True, rules_hash="a1", rules_are_ok=True)],
    gateway="ok",
    oldest_waiting=NOON,
    failed=FailedMessages(by_reason={"ValueError": 1}),
    clock=ClockOffset(zone=ZoneInfo("Europe/Rome"), median=timedelta(seconds=2)),
    mailboxes=[MAILBOX],
)
TALLY = Tally(
    at=NOON,
    deliveries={
        "universal": Deliveries(
            by_status={StepStatus.DELIVERED: 1}, within={2: 1}, timed=1, seconds=1.0, segments=1, billed=1
        )
    },
    credits=[Credit(gateway="agile", amount=Decimal(5), told_at=NOON)],
    alerts={AlertKind.CREDIT_LOW: 1},
    consent=ConsentCounts(by_list={"news": {SubscriptionStatus.SUBSCRIBED: 1}}, opted_out=1, under_review=1),
    texts={("news-on", "handled"): 1},
)


def labels_by_name() -> Mapping[str, set[str]]:
    """The labels of every figure, by its name as Prometheus keeps it."""
    refusals = Refusals()
    refusals.totals["too large"] = 1
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        Figures(
            rules=RulesStatus(hash="a1", count=1, last_good_at=NOON, lists=("news",)),
            state=STATE,
            tally=TALLY,
            refusals=refusals,
            free_bytes=1,
            now=NOON,
        )
    )
    return {sample.name: set(sample.labels) for family in registry.collect() for sample in family.samples}
