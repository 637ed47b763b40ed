"""Who is on which list, how many they are, and how an operator changes that."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta

from responder.core.appointments.booking import read_language
from responder.core.consent.standing import ConsentCounts, GrowthDay, ListCount, growth_by_day
from responder.core.consent.subscriber_changes import Outcome, SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.filters import EVERY_SUBSCRIBER, SubscriberFilter
from responder.core.operations.records import SubscriberRecord
from responder.core.outbound.gateway import Job
from responder.core.rules.template import did_you_mean
from responder.core.rules.webhooks import Event
from responder.desk.desk import UNREADABLE, Desk, Invalid, Missing, Records, Refused, require, whatever
from responder.errors import ConfigurationError
from responder.store.base.locking import looked_at
from responder.store.consent.reading import count_consent
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.reading import records, subscribers

HOUR = timedelta(hours=1)
LEFT = (
    "has opted out, and only its own text brings it back: START, or the word of the list; "
    "if that was a slip of an operator or of a file, 'responder consent correct' takes it back"
)
NEVER = "so nothing was recorded: check the number, or opt it out of everything with 'responder subscribers remove"


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
            raise Missing(f"{originator} was never on the list {name}, {NEVER} {originator}'")

    outcomes = await put_subscribers(
        desk.database,
        desk.secret,
        [change],
        operator=operator,
        now=desk.clock(),
        tell=await desk.hearers(Event.CONSENT_CHANGED),
        check=looked_at(lambda connection: records.subscriber_now(connection, originator, name), look),
    )
    if outcomes.left_out:
        raise Refused(f"{originator} {LEFT}")
    desk.ring(Job.WEBHOOKS)
    page = await list_subscribers(desk, SubscriberFilter(originator=originator, list=name)).page(limit=1)
    return page.items[0], next(iter(outcomes.counts))


async def _change(
    desk: Desk, originator: str, name: str, *, joins: bool, evidence: str, language: str
) -> SubscriberChange:
    """What is asked for, by the rules in force. Raises Missing and Invalid."""
    rules = await desk.rules()
    if name not in rules.lists:
        raise Missing(f"unknown list {name!r}{did_you_mean(name, rules.lists) or ', add it to the rules file'}")
    if joins and not evidence.strip():
        raise Invalid("evidence: nothing stands here, say where the consent comes from")
    status = SubscriptionStatus.SUBSCRIBED if joins else SubscriptionStatus.UNSUBSCRIBED
    try:
        spoken = read_language(language, rules.languages) if language else None
    except ValueError as error:
        raise Invalid(f"language: {error}") from None
    return SubscriberChange(originator=originator, list=name, status=status, evidence=evidence, language=spoken)


async def opt_out_number(desk: Desk, originator: str, *, operator: str, reason: str = "") -> bool:
    """Let a number be texted no more, as its own STOP would, and say whether that is news."""
    tell = await desk.hearers(Event.CONSENT_CHANGED)
    is_new = await opt_out(
        desk.database, desk.secret, originator, reason=reason, operator=operator, now=desk.clock(), tell=tell
    )
    desk.ring(Job.WEBHOOKS)
    return is_new


async def read_growth(desk: Desk, name: str, first: date, last: date) -> Sequence[GrowthDay]:
    """Who joined and left a list on each day, from the first to the last, by the calendar of the rules file."""
    zone = (await desk.rules()).zone
    since = datetime.combine(first, time(), zone).astimezone(UTC)
    offset = datetime.combine(first, time(), zone).utcoffset() or timedelta()
    changes = await subscribers.read_changes(desk.database, name, since, by_minute=bool(offset % HOUR))
    return growth_by_day(changes, zone, first, last)
