"""Who is on which list and agreed to what, how an operator changes that, the proof of it, and erasure."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from responder.core.appointments.booking import read_language
from responder.core.appointments.reminders import ReminderPlan
from responder.core.consent.ledger import Head
from responder.core.consent.standing import (
    ConsentCounts,
    GrowthDay,
    ListCount,
    Outcome,
    SubscriberChange,
    growth_by_day,
    standing_after,
)
from responder.core.contact.known import SubscriptionStatus
from responder.core.contact.reasons import because
from responder.core.operations.pages import EVERY_EVENT, EVERY_SUBSCRIBER, ConsentFilter, SubscriberFilter
from responder.core.operations.records import ConsentRecord, SubscriberRecord
from responder.core.outbound.gateway import Job
from responder.core.rules.sections import Event
from responder.core.rules.template import did_you_mean
from responder.desk.desk import (
    UNREADABLE,
    Desk,
    Invalid,
    Missing,
    Records,
    Refused,
    check_note,
    refusals,
    require,
    whatever,
)
from responder.errors import ConfigurationError
from responder.store.appointments.planning import plan_again_for
from responder.store.base.locking import looked_at
from responder.store.consent import by_hand, erasure, reading
from responder.store.consent.reading import count_consent
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.reading import events, records

HOUR = timedelta(hours=1)


def list_consent(desk: Desk, only: ConsentFilter = EVERY_EVENT) -> Records[ConsentRecord]:
    """The events of the consent ledger, in their order."""
    return Records(desk=desk, listing=reading.list_consent(only))


async def show_consent(
    desk: Desk, originator: str, *, as_of: datetime | None = None
) -> tuple[Sequence[ConsentRecord], Sequence[dict[str, Any]]]:
    """A number's consent events, and how it stands by them, as they were recorded until a moment."""
    events = [event async for event in list_consent(desk, ConsentFilter(originator=originator, as_of=as_of)).every()]
    return events, standing_after(event.as_json() for event in events)


def list_opt_outs_by_phrase(desk: Desk) -> Records[ConsentRecord]:
    """The opt-outs that somebody made in a sentence, with their texts: a person may see that one was misread."""
    return list_consent(desk, ConsentFilter(by_phrase=True))


async def correct_opt_out(desk: Desk, originator: str, *, reason: str, operator: str) -> Sequence[str]:
    """Take back an opt-out that a phrase, a doubt, an import or a person of ours made, and give the lists it is on.

    Raises Invalid without a reason, and Refused where only the number itself may do so.
    """
    if not reason.strip():
        raise Invalid("reason: nothing stands here, say why the opt-out was none")
    check_note(reason, "reason")
    rules = await desk.rules()
    notify = await desk.hearers(Event.CONSENT_CHANGED)
    times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    with refusals():
        lists = await by_hand.correct(
            desk.database, desk.secret, originator, reason=reason, operator=operator, now=desk.clock(), notify=notify
        )
    await plan_again_for(desk.database, originator, times, desk.clock())
    desk.ring(Job.WEBHOOKS)
    return lists


async def verify_ledger(desk: Desk, begin: str | None = None) -> reading.Verdict:
    """Whether the ledger is as it was written, all of it or from a head on. Raises Invalid if that is none."""
    head = Head.read(begin) if begin else reading.ALL
    if head is None:
        raise Invalid(f"{begin!r} is no head: that is the number of an event, a colon, and its hash")
    return await reading.verify(desk.database, desk.secret, head)


async def erase_number(desk: Desk, originator: str, *, operator: str) -> int:
    """Erase a number for good, and tell how many rows held it."""
    return await erasure.erase(desk.database, desk.secret, originator, operator, desk.clock())


def list_subscribers(desk: Desk, only: SubscriberFilter = EVERY_SUBSCRIBER) -> Records[SubscriberRecord]:
    """Who is on a list, or was, by the time of the last change."""
    return Records(desk=desk, listing=records.list_subscribers(only))


async def count_lists(desk: Desk) -> tuple[Sequence[ListCount], ConsentCounts]:
    """How many numbers have each status on each list, and how many want no texts at all."""
    counted = await count_consent(desk.database)
    try:
        names: Collection[str] = (await desk.rules()).lists
    except ConfigurationError:
        desk.warn(f"{UNREADABLE}, so lists with nobody may be left out")
        names = ()
    return tuple(counted.of_lists(names)), counted


async def put_subscriber(
    desk: Desk,
    originator: str,
    name: str,
    *,
    joins: bool,
    operator: str,
    evidence: str = "",
    language: str = "",
    expected: Callable[[SubscriberRecord | None], bool] = whatever,
) -> tuple[SubscriberRecord, Outcome]:
    """Put a number on a list, or take it off.

    Raises Missing, Invalid, Overtaken, and Refused for one that opted out.
    """
    change = await _change(desk, originator, name, joins=joins, evidence=evidence, language=language)

    def look(present: SubscriberRecord | None) -> None:
        require(expected, present)
        if present is None and not joins:
            raise Missing(because("never_on_list", originator=originator, list=name))

    outcomes = await put_subscribers(
        desk.database,
        desk.secret,
        [change],
        operator=operator,
        now=desk.clock(),
        notify=await desk.hearers(Event.CONSENT_CHANGED),
        check=looked_at(lambda connection: records.subscriber_now(connection, originator, name), look),
    )
    if outcomes.left_out:
        raise Refused(because("has_left", originator=originator))
    desk.ring(Job.WEBHOOKS)
    page = await list_subscribers(desk, SubscriberFilter(originator=originator, list=name)).page(limit=1)
    return page.items[0], next(iter(outcomes.counts))


async def _change(
    desk: Desk, originator: str, name: str, *, joins: bool, evidence: str, language: str
) -> SubscriberChange:
    """What is asked for, by the rules in force. Raises Missing and Invalid."""
    rules = await desk.rules()
    if name not in rules.lists:
        remedy = did_you_mean(name, rules.lists) or ", add it to the rules file"
        raise Missing(because("unknown_list", list=name, remedy=remedy))
    if joins and not evidence.strip():
        raise Invalid(because("no_evidence"))
    status = SubscriptionStatus.SUBSCRIBED if joins else SubscriptionStatus.UNSUBSCRIBED
    try:
        spoken = read_language(language, rules.languages) if language else None
    except ValueError as error:
        raise Invalid(f"language: {error}") from None
    return SubscriberChange(originator=originator, list=name, status=status, evidence=evidence, language=spoken)


async def opt_out_number(desk: Desk, originator: str, *, operator: str, reason: str = "") -> bool:
    """Let a number be texted no more, as its own STOP would, and say whether that is news."""
    notify = await desk.hearers(Event.CONSENT_CHANGED)
    is_new = await opt_out(
        desk.database, desk.secret, originator, reason=reason, operator=operator, now=desk.clock(), notify=notify
    )
    desk.ring(Job.WEBHOOKS)
    return is_new


async def read_growth(desk: Desk, name: str, first: date, last: date) -> Sequence[GrowthDay]:
    """Who joined and left a list on each day, from the first to the last, by the calendar of the rules file."""
    zone = (await desk.rules()).zone
    since = datetime.combine(first, time(), zone).astimezone(UTC)
    offset = datetime.combine(first, time(), zone).utcoffset() or timedelta()
    changes = await events.read_changes(desk.database, name, since, by_minute=bool(offset % HOUR))
    return growth_by_day(changes, zone, first, last)
