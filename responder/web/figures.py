"""The service in figures for Prometheus, without anything that anybody texted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import SupportsFloat, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric

from responder.core.consent.standing import ConsentCounts
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.records import RulesStatus
from responder.core.operations.troubles import Credit, FailedMessages, MailboxState
from responder.core.rules.sections import AlertKind
from responder.store.outbound.reports import Deliveries
from responder.web.health import State
from responder.web.webhooks import Refusals

Labels = TypeVar("Labels", bound=tuple[str, ...])


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The counts of one moment."""

    at: datetime
    deliveries: Mapping[str, Deliveries]
    credits: Sequence[Credit]
    alerts: Mapping[AlertKind, int]
    consent: ConsentCounts
    texts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figures:
    """The figures of one moment, as the library asks for them."""

    rules: RulesStatus
    state: State | None
    tally: Tally | None
    refusals: Refusals
    free_bytes: int | None
    now: datetime

    def collect(self) -> Iterator[Metric]:
        """All of them; without those of the database while it is away."""
        if self.free_bytes is not None:
            yield _gauge("responder_disk_free_bytes", "Room on the disk of the database.", self.free_bytes)
        yield from _of_rules(self.rules)
        yield from _of_state(self.state, self.now)
        yield _of_refusals(self.refusals)
        if self.tally:
            yield from _of_tally(self.tally, self.rules.lists)


def _of_rules(rules: RulesStatus) -> Iterator[Metric]:
    yield _gauge("responder_rules", "Rules in force.", rules.count)
    yield _gauge(
        "responder_rules_reload_ok",
        "1 if the rules in force are those of the file, 0 if the file was refused.",
        rules.is_ok,
    )
    at = rules.last_good_at.timestamp()
    yield _gauge("responder_rules_last_good_timestamp_seconds", "When rules without mistakes were last read.", at)
    yield _by("responder_rules_info", "The hash of the rules in force.", ["hash"], {(rules.hash,): 1})


def _of_state(state: State | None, now: datetime) -> Iterator[Metric]:
    yield _gauge("responder_database_up", "1 if messages can be taken.", state is not None)
    if state is None:
        return
    yield _gauge("responder_redis_up", "1 if workers can be woken.", state.redis_is_up)
    yield _gauge("responder_gateway_ok", "1 unless the gateway refuses us and replies wait.", state.gateway == "ok")
    yield _gauge("responder_workers", "Workers seen lately.", len(state.workers))
    yield _gauge(
        "responder_workers_with_redis", "Workers that can be woken.", sum(worker.has_redis for worker in state.workers)
    )
    refused = sum(not worker.rules_are_ok for worker in state.workers)
    yield _gauge(
        "responder_workers_rules_refused", "Workers that refused the rules file and go by the last good rules.", refused
    )
    waited_s = (now - state.oldest_waiting).total_seconds() if state.oldest_waiting else 0.0
    yield _gauge(
        "responder_oldest_waiting_seconds", "How long the message has waited that waits longest.", max(waited_s, 0.0)
    )
    yield from _of_failed(state.failed)
    if state.clock and state.clock.median is not None:
        meaning = (
            "How long after their SIM time the last texts arrived (median):"
            " much where a clock or its zone is wrong, negative where it is ahead."
        )
        yield _gauge("responder_gateway_clock_offset_seconds", meaning, state.clock.median.total_seconds())
    yield from _of_mailboxes(state)


def _of_failed(failed: FailedMessages) -> Iterator[Metric]:
    yield _gauge("responder_messages_failed", "Messages that could not be handled and wait for a person.", failed.count)
    by_reason = {(reason,): count for reason, count in failed.by_reason.items()}
    meaning = "The same by why they could not be handled."
    yield _by("responder_messages_failed_by_reason", meaning, ["reason"], by_reason)


def _of_mailboxes(state: State) -> Iterator[Metric]:
    if not state.mailboxes:
        return
    is_open = all(mailbox.state is MailboxState.CONNECTED for mailbox in state.mailboxes)
    yield _gauge("responder_mailbox_connected", "1 if every intake of mails has its mailbox open.", is_open)
    lags_s = [mailbox.lag_s for mailbox in state.mailboxes if mailbox.lag_s is not None]
    yield _gauge(
        "responder_mailbox_lag_seconds",
        "How long the last mail had lain in the mailbox when it was taken in.",
        max(lags_s, default=0.0),
    )
    moments = [mailbox.last_mail_at.timestamp() for mailbox in state.mailboxes if mailbox.last_mail_at]
    yield _gauge(
        "responder_mailbox_last_mail_timestamp_seconds",
        "When the last mail was taken in; 0 if none was.",
        max(moments, default=0.0),
    )
    yield _gauge(
        "responder_mailbox_malformed",
        "Mails not understood since the intake started.",
        sum(m.malformed for m in state.mailboxes),
    )
    yield _gauge(
        "responder_mailbox_left_alone",
        "Mails that only a person can judge.",
        sum(m.left_alone for m in state.mailboxes),
    )


def _of_refusals(refusals: Refusals) -> Metric:
    meaning = "Requests that this process refused, by reason."
    refused = CounterMetricFamily("responder_requests_refused", meaning, labels=["reason"])
    for reason, count in refusals.totals.items():
        refused.add_metric([reason], count)
    return refused


def _of_tally(tally: Tally, lists: Sequence[str]) -> Iterator[Metric]:
    credit = {(c.gateway,): c.amount for c in tally.credits if c.amount is not None}
    meaning = "The credit left at the gateway, in euros, as it told last."
    yield _by("responder_gateway_credit", meaning, ["gateway"], credit)
    told_at = {(c.gateway,): c.told_at.timestamp() for c in tally.credits if c.told_at}
    meaning = "When the gateway told its credit."
    yield _by("responder_gateway_credit_timestamp_seconds", meaning, ["gateway"], told_at)
    kinds = {(str(kind),): count for kind, count in tally.alerts.items()}
    yield _by("responder_alerts_open", "Alerts that are open, by what they are about.", ["kind"], kinds)
    yield from _of_deliveries(tally.deliveries)
    meaning = "Texts of the last 24 hours (of the newest 50,000), by the rule that answered and their status."
    yield _by("responder_texts_last_day", meaning, ["rule", "status"], tally.texts)
    on_lists = {
        (count.list, str(status)): count.by_status.get(status, 0)
        for count in tally.consent.of_lists(lists)
        for status in SubscriptionStatus
    }
    yield _by("responder_subscriptions", "Numbers on each list, by their status.", ["list", "status"], on_lists)
    yield _gauge("responder_opted_out", "Numbers that want no texts at all.", tally.consent.opted_out)
    meaning = "Numbers that may want no texts, until a person decides."
    yield _gauge("responder_under_review", meaning, tally.consent.under_review)


def _of_deliveries(by_api: Mapping[str, Deliveries]) -> Iterator[Metric]:
    """What became of replies, by the API that took them, so that an operator can compare APIs."""
    replies = {(api, str(status)): count for api, of in by_api.items() for status, count in of.by_status.items()}
    meaning = "Replies handed to the gateway within 24 hours, by status."
    yield _by("responder_replies_last_day", meaning, ["api", "status"], replies)
    shares = {(api,): of.share_delivered for api, of in by_api.items() if of.share_delivered is not None}
    meaning = "The share delivered of the replies taken within 24 hours."
    yield _by("responder_delivered_ratio", meaning, ["api"], shares)
    meaning = "From handing a reply over to its delivery, within 24 hours."
    took = GaugeHistogramMetricFamily("responder_delivery_seconds", meaning, labels=["api"])
    for api, of in by_api.items():
        buckets = [(str(float(bound_s)), float(count)) for bound_s, count in of.within.items()]
        took.add_metric([api], [*buckets, ("+Inf", float(of.timed))], gsum_value=of.seconds)
    yield took
    segments = {(api, by): n for api, of in by_api.items() for by, n in (("us", of.segments), ("gateway", of.billed))}
    meaning = "Segments that the gateway counted too, by who counts."
    yield _by("responder_segments_last_day", meaning, ["api", "counted_by"], segments)


def _by(name: str, meaning: str, labels: Sequence[str], values: Mapping[Labels, SupportsFloat]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for of_labels, value in values.items():
        family.add_metric(of_labels, float(value))
    return family


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))
