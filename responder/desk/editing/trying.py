"""Texts tried as a conversation, by the same plans as the service's, with nothing sent and nothing stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment, Known
from responder.core.contact.reasons import because
from responder.core.deciding.plan import Plan, make_plan
from responder.core.operations.messages import Explanation, explained, why_silent
from responder.core.operations.records import MessageRecord
from responder.core.rehearsal.circumstances import LONG_BEFORE, subscribed
from responder.core.rehearsal.conversation import Exchange, carried_out, talk_as_test
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rules
from responder.core.sms.address import is_dialable
from responder.core.sms.message import Channel, Message, MessageStatus, Order
from responder.core.sms.text import clean
from responder.desk.desk import Desk, Invalid
from responder.desk.rule_versions import read_rule_pauses
from responder.store.inbox.contacts import read_known
from responder.store.inbox.planned import explanation_json

NEWEST_OF_ALL = 2**62  # a place in the inbox after every message that is there
MOST_TEXTS = 30
LONGEST_TEXT = 2000  # characters
MOST_GIVEN = 10  # appointments, or lists
JUST_BEFORE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A text of a conversation that is tried, and when it comes."""

    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """An appointment that is put in; ``was_asked`` if a reminder has asked about it."""

    starts_at: datetime
    service: str = ""
    was_asked: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """A conversation to try: between whom, from which state, and what is said.

    With ``as_known`` the originator is who it is in the database now; else nobody knows the number.
    """

    originator: str
    destination: str
    said: tuple[Said, ...] = ()
    as_known: bool = False
    bookings: tuple[Booking, ...] = ()
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A text with what would follow from it, and why; ``why_silent`` where no reply would."""

    explanation: Explanation
    replies: tuple[str, ...]
    why_silent: str
    after: Known


async def try_talk(desk: Desk, rules: Rules, talk: Talk) -> Sequence[Tried]:
    """What would follow from each text, each after those before it. Raises Invalid."""
    _check(rules, talk)
    if not talk.said:
        return ()
    known = await _known(desk, talk)
    return [_tried(one) for one in _exchanges(rules, talk, known)]


def _tried(exchange: Exchange) -> Tried:
    explanation = explanation_of(exchange.plan)
    held = exchange.held[0] if exchange.held else why_silent(explanation)
    return Tried(
        explanation=explanation,
        replies=exchange.replies,
        why_silent="" if exchange.replies else held,
        after=exchange.after,
    )


async def talk_to_test(desk: Desk, rules: Rules, talk: Talk) -> str:
    """The conversation as a test of the rules file, with what its last text came to. Raises Invalid."""
    tried = await try_talk(desk, rules, talk)
    if not tried:
        raise Invalid(because("test_needs_text"))
    known = given_state(talk, await _known(desk, talk))
    if known.questions:
        raise Invalid(because("asked_before"))
    said = [(one.text, one.at) for one in talk.said]
    last = tried[-1]
    return talk_as_test(said, last.explanation.message.rule, last.replies, known=known, to=talk.destination)


def _check(rules: Rules, talk: Talk) -> None:
    if not is_dialable(talk.originator):
        raise Invalid(because("from_no_number"))
    if len(talk.said) > MOST_TEXTS:
        raise Invalid(because("too_many_texts", most=MOST_TEXTS))
    if any(len(one.text) > LONGEST_TEXT for one in talk.said):
        raise Invalid(because("tried_text_too_long", most=LONGEST_TEXT))
    if len(talk.bookings) > MOST_GIVEN or len(talk.lists) > MOST_GIVEN:
        raise Invalid(because("too_much_put_in", most=MOST_GIVEN))
    if unknown := next((name for name in talk.lists if name not in rules.lists), None):
        raise Invalid(because("list_not_there", list=unknown))


def _exchanges(rules: Rules, talk: Talk, known: Known) -> Iterator[Exchange]:
    known = given_state(talk, known)
    for number, one in enumerate(talk.said):
        exchange = carried_out(make_plan(message_of(talk, one, number), rules, known), rules.limits)
        known = exchange.after
        yield exchange


async def _known(desk: Desk, talk: Talk) -> Known:
    if not talk.as_known:
        return Known(originator=talk.originator)
    return (await read_known(desk.database, desk.secret, [talk.originator], talk.said[0].at))[talk.originator]


def given_state(talk: Talk, known: Known) -> Known:
    """What is known before the first text, with what was put in."""
    if not talk.said or not (talk.bookings or talk.lists):
        return known
    at = talk.said[0].at
    booked = tuple(_appointment(talk, one, number, at) for number, one in enumerate(talk.bookings, 1))
    joined = {name: subscribed(name, at) for name in talk.lists}
    return replace(known, appointments=(*known.appointments, *booked), subscriptions={**known.subscriptions, **joined})


def _appointment(talk: Talk, booking: Booking, number: int, at: datetime) -> Appointment:
    return Appointment(
        id=f"try-{number}",
        originator=talk.originator,
        starts_at=booking.starts_at,
        status=AppointmentStatus.SCHEDULED,
        updated_at=at - LONG_BEFORE,
        service=booking.service,
        asked_at=at - JUST_BEFORE if booking.was_asked else None,
    )


def message_of(talk: Talk, said: Said, number: int = 0) -> Message:
    """A text as a message that comes after all others."""
    return Message(
        seq=NEWEST_OF_ALL + number,
        key=f"{number:032x}",
        channel=Channel.WEBHOOK,
        gateway="",
        originator=talk.originator,
        destination=talk.destination,
        text=clean(said.text),
        sent_at=None,
        received_at=said.at,
        order=Order(said.at, NEWEST_OF_ALL + number),
    )


def explanation_of(plan: Plan) -> Explanation:
    return explained(record_of(plan), plan.language, explanation_json(plan))


def record_of(plan: Plan) -> MessageRecord:
    """The message of a plan as a record, as if it had just come in."""
    message = plan.message
    return MessageRecord(
        key=message.key,
        channel=message.channel,
        originator=message.originator,
        destination=message.destination,
        text=message.text,
        folded=plan.folded,
        sent_at=message.sent_at,
        received_at=message.received_at,
        handled_at=None,
        status=MessageStatus.RECEIVED,
        rule=plan.rule,
        rules_hash=plan.rules_hash,
        is_superseded=plan.is_superseded,
    )


async def state_for(desk: Desk, message: Message) -> tuple[Known, Mapping[str, RulePause]]:
    """What is known of a message's originator, and which rules are paused, as the service would find them now."""
    known = await read_known(desk.database, desk.secret, [message.originator], message.received_at)
    return known[message.originator], await read_rule_pauses(desk)
