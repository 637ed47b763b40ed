"""Imagined circumstances in which a rule applies, and the variants of a text that it must answer alike."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment, Known, Subscription, SubscriptionStatus
from responder.core.deciding.plan import Plan, make_plan
from responder.core.rehearsal.conversation import imagined
from responder.core.rules.conditions import why_no_answer
from responder.core.rules.hours import InHours
from responder.core.rules.matching import Answers, Pattern, TextCondition
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.situation import Situation
from responder.core.sms.message import Message, Order

SOMEBODY = "+390000000000"
LONG_BEFORE = timedelta(days=30)
APPOINTMENT_IN = timedelta(days=1)
ASKED_BEFORE = timedelta(hours=1)
WEEK_IN_HALF_HOURS = tuple(timedelta(minutes=30 * number) for number in range(1, 7 * 48))
FARTHEST = timedelta(days=36_500)  # so that no imagined time is beyond those that Python knows
A_MOMENT = timedelta(minutes=1)
BOUNDS = (timedelta(0), A_MOMENT, -A_MOMENT, timedelta(days=1), -timedelta(days=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """Circumstances in which a text may arrive."""

    at: datetime
    known: Known
    destination: str

    def message(self, text: str) -> Message:
        return imagined(text, self.known.originator, self.destination, self.at)

    def plan(self, text: str, rules: Rules) -> Plan:
        return make_plan(self.message(text), rules, self.known)

    def situation(self, text: str, rules: Rules) -> Situation:
        return rules.situation(self.message(text), self.known)


def of_stranger(at: datetime, rules: Rules) -> Circumstances:
    """Circumstances in which nothing is known of the originator."""
    return Circumstances(at=at, known=Known(originator=SOMEBODY), destination=rules.our_number)


def circumstances_for(rule: Rule, rules: Rules, at: datetime) -> Circumstances | None:
    """Circumstances that meet every condition of the rule except its text; None if the search finds none."""
    given = of_stranger(at, rules)
    refused = _refusals(rule, rules, given)
    while refused:
        nearer = next((other for other in _others(given, rule, rules) if _refusals(rule, rules, other) < refused), None)
        if nearer is None:
            return None
        given, refused = nearer, _refusals(rule, rules, nearer)
    return given


def where_it_speaks(rule: Rule, rules: Rules, given: Circumstances, text: str) -> Circumstances:
    """Circumstances in which the rule answers a text, also when the time of the rules above it is over."""
    places = chain([given], _later(given, rule, rules))
    return next((one for one in places if rule.name in one.plan(text, rules).applied), given)


def _later(given: Circumstances, rule: Rule, rules: Rules) -> Iterator[Circumstances]:
    above = rules.rules[: rules.rules.index(rule)]
    ends = (value for other in above for value in _values(other.conditions) if isinstance(value, datetime))
    for end in ends:
        later = replace(given, at=end + A_MOMENT)
        if abs(end - given.at) < FARTHEST and not _refusals(rule, rules, later):
            yield later


def with_appointment(given: Circumstances, status: AppointmentStatus = AppointmentStatus.SCHEDULED) -> Circumstances:
    """The circumstances, with one open appointment of the originator."""
    appointment = Appointment(
        id="a1",
        originator=given.known.originator,
        starts_at=given.at + APPOINTMENT_IN,
        status=status,
        updated_at=given.at - LONG_BEFORE,
        asked_at=given.at - ASKED_BEFORE,
    )
    return replace(given, known=replace(given.known, appointments=(appointment,)))


def with_subscriptions(given: Circumstances, *lists: str) -> Circumstances:
    """The circumstances, with the originator on these lists."""
    subscriptions = {name: subscribed(name, given.at) for name in lists}
    return replace(given, known=replace(given.known, subscriptions=subscriptions))


def subscribed(
    list_name: str, at: datetime, status: SubscriptionStatus = SubscriptionStatus.SUBSCRIBED
) -> Subscription:
    """A subscription that was made long before a moment."""
    since = at - LONG_BEFORE
    return Subscription(list=list_name, status=status, since=since, order=Order(since, 0))


def _refusals(rule: Rule, rules: Rules, given: Circumstances) -> int:
    situation = given.situation("", rules)
    refused = sum(condition.refusal(situation) is not None for condition in rule.conditions)
    return refused + (isinstance(rule.text, Answers) and why_no_answer(situation) is not None)


def _others(given: Circumstances, rule: Rule, rules: Rules) -> Iterator[Circumstances]:
    """Circumstances that differ in one thing; other times come first, since appointments are relative to them."""
    values = list(_values(rule.conditions))
    yield from (replace(given, at=at) for at in _times(given.at, rule, values))
    for number in (value for value in values if isinstance(value, str)):
        yield replace(given, destination=number)
        yield replace(given, known=replace(given.known, originator=number))
    for name in rules.lists:
        yield with_subscriptions(given, *given.known.subscriptions, name)
    for status in AppointmentStatus:
        yield with_appointment(given, status)
    for language in rules.languages:
        yield replace(given, known=replace(given.known, language=language))


def _times(at: datetime, rule: Rule, values: Iterable[Any]) -> Iterator[datetime]:
    bounds = [value for value in values if isinstance(value, datetime) and abs(value - at) < FARTHEST]
    yield from (bound + shift for bound in bounds for shift in BOUNDS)
    for hours in (condition for condition in rule.conditions if isinstance(condition, InHours)):
        yield from (begin + shift for begin in (at, *bounds) for shift in WEEK_IN_HALF_HOURS)
        yield from (moment for begin in (at, *bounds) for moment in hours.begins_after(begin))


def _values(conditions: Iterable[Any]) -> Iterator[Any]:
    """The words and moments in conditions, whatever their fields."""
    for condition in conditions:
        if is_dataclass(condition):
            yield from _values(getattr(condition, field.name) for field in fields(condition))
        elif isinstance(condition, frozenset | tuple):
            yield from _values(condition)
        elif isinstance(condition, str | datetime):
            yield condition


TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
TO_CURLY = str.maketrans({"'": "’", '"': "”"})
NBSP, ZERO_WIDTH = "\u00a0", "\u200b"


def variants(text: str, condition: TextCondition | None) -> Iterator[tuple[str, str]]:
    """The variants of a text that a rule must answer alike, each with its name.

    >>> dict(variants("news on", None))["full-width letters"]
    'ｎｅｗｓ ｏｎ'
    """
    ways = dict(_ways_of_all(text))
    if not isinstance(condition, Pattern):  # which sees accents, quotes and signs as they were typed
        ways |= dict(_ways_of_words(text))
    yield from ((way, changed) for way, changed in ways.items() if changed != text)


def _ways_of_all(text: str) -> Iterator[tuple[str, str]]:
    yield "small letters", text.lower()
    yield "capitals", text.upper()
    yield "no-break spaces", text.replace(" ", NBSP)
    yield "doubled spaces", text.replace(" ", "  ")
    yield "full-width letters", text.translate(TO_FULL_WIDTH)


def _ways_of_words(text: str) -> Iterator[tuple[str, str]]:
    yield "zero-width spaces", " ".join(word[:1] + ZERO_WIDTH + word[1:] for word in text.split(" "))
    yield "curly quotes", f"“{text.translate(TO_CURLY)}”"
    yield "missing accents", without_accents(text)
    yield "a trailing !", f"{text}!"
    yield "a trailing .", f"{text}."
    if len(text) > 1:  # beside a smile, one letter or digit is no answer
        yield "a trailing emoji", f"{text} 🙂"


def without_accents(text: str) -> str:
    """The text as typed by people who have no accents at hand.

    >>> without_accents("Sì, perché no?")
    'Si, perche no?'
    """
    kept = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(kept))
