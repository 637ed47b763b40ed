"""What is asked of the desk, as people and programs typed it; and requests that are done once under their key."""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from responder.core.appointments.booking import Local, dated, day_bounds
from responder.core.contact.effects import AppointmentStatus, StepKind, StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.pages import (
    AppointmentFilter,
    ConsentFilter,
    DeliveryFilter,
    MessageFilter,
    Repeat,
    SubscriberFilter,
)
from responder.core.rules.template import did_you_mean
from responder.core.sms.address import canonical, number_from
from responder.core.sms.message import MessageStatus
from responder.core.sms.text import clean
from responder.core.sms.times import read_length
from responder.core.sms.typed_times import read_moment
from responder.desk.desk import Desk, Invalid
from responder.store.operations import repeats

T = TypeVar("T")
USED_OTHERWISE = "Idempotency-Key: this key was used for another request, take a new one"
LONGEST_VALUE = 200  # characters of a filter
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
MESSAGE_FILTERS = ("from", "rule", "status", "since", "list", "unmatched", "day")
DELIVERY_FILTERS = ("status", "kind", "to", "message", "since")
SUBSCRIBER_FILTERS = ("list", "status", "number")
APPOINTMENT_FILTERS = ("day", "status", "number")
CONSENT_FILTERS = ("list", "number", "as_of")


class UnderWay(Exception):
    """A request with this key is being carried out."""


async def once(
    desk: Desk,
    key: str,
    request: str,
    carry_out: Callable[[Desk], Awaitable[T]],
    again: Callable[[Repeat], Awaitable[T]],
) -> T:
    """Carry a request out at a desk that marks it as done in the very transaction that does what it asks.

    One that was carried out before under its key is answered ``again``, by what it was about. Raises Invalid if that
    was another request, and UnderWay.
    """
    digest = _digest(desk, f"idempotent request:{request}")
    begun = await repeats.begin(desk.database, _digest(desk, f"idempotency key:{key}"), digest, desk.clock())
    if isinstance(begun, Repeat):
        if not hmac.compare_digest(begun.digest, digest):
            raise Invalid(USED_OTHERWISE)
        if not begun.is_done:
            raise UnderWay
        return await again(begun)
    async with _dropped_if_not_done(desk, begun):
        answer = await carry_out(replace(desk, database=desk.database.that_also(begun.mark)))
    await repeats.end(desk.database, begun)
    return answer


@asynccontextmanager
async def _dropped_if_not_done(desk: Desk, begun: repeats.Begun) -> AsyncIterator[None]:
    try:
        yield
    except repeats.TakenOver:
        raise UnderWay from None
    except BaseException:
        await repeats.drop(desk.database, begun)
        raise


def _digest(desk: Desk, text: str) -> str:
    return hmac.digest(desk.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


class Typed:
    """Values by their names; ``errors`` has what was wrong with those that were read, and with the names."""

    def __init__(self, values: Mapping[str, object], names: Iterable[str], *, blanks: bool = True) -> None:
        self._values = values
        self._none = (None, "") if blanks else (None,)  # a form sends its empty fields as well
        known = sorted(names)
        others = f", expected {', '.join(known) or 'nothing'}"
        self.errors = [
            f"{name[:LONGEST_VALUE]}: is unknown here{did_you_mean(name, known) or others}"
            for name in sorted(values.keys() - known)
        ]

    def read(self, name: str, read: Callable[[str], T]) -> T | None:
        """The value of a name, or None where there is none."""
        value = self._values.get(name)
        if value in self._none:
            return None
        if not isinstance(value, str):
            self.errors.append(f"{name}: expected a text")
            return None
        try:
            return read(value)
        except ValueError as error:
            self.errors.append(f"{name}: {error}")
            return None

    def needed(self, name: str, read: Callable[[str], T]) -> T | None:
        if self._values.get(name) in (None, ""):
            self.errors.append(f"{name}: nothing stands here, fill it in")
            return None
        return self.read(name, read)

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if isinstance(value, bool):
            return value
        found = FLAGS.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            self.errors.append(f"{name}: expected true or false")
        return bool(found)


def read_text(longest: int = LONGEST_VALUE) -> Callable[[str], str]:
    """A reader of texts up to a length, without what databases refuse."""

    def read(typed: str) -> str:
        if len(typed) > longest:
            raise ValueError(f"{len(typed)} characters, at most {longest} are kept: shorten it")
        return clean(typed)

    return read


def read_one_of(words: Collection[T]) -> Callable[[str], T]:
    """A reader of some words, such as those of an enumeration."""

    def read(typed: str) -> T:
        for word in words:
            if word == typed.lower():
                return word
        raise ValueError(f"{typed[:LONGEST_VALUE]!r} is none of {', '.join(map(str, words))}")

    return read


def read_since(typed: str, now: datetime) -> datetime:
    """The moment that ``30d``, ``2h`` or a time in ISO 8601 names. Raises ValueError.

    >>> read_since("2h", datetime(2026, 11, 23, 9, tzinfo=UTC)).isoformat()
    '2026-11-23T07:00:00+00:00'
    """
    try:
        if ago := read_length(typed, "mhdw"):
            return now - ago.time
        return read_moment(f"{typed}T00:00" if DATE.fullmatch(typed) else typed, UTC)
    except (ValueError, OverflowError):
        expected = "expected for example 30d, 2h, 15m or 2026-11-23T09:00Z"
        raise ValueError(f"{typed[:LONGEST_VALUE]!r} is no time, {expected}") from None


def _day(local: Local, now: datetime) -> Callable[[str], tuple[datetime, datetime]]:
    """A reader of days: a date, ``today`` and the like."""
    return lambda typed: day_bounds(dated(typed[:LONGEST_VALUE], local.zone, now), local.zone)


def read_phone(local: Local) -> Callable[[str], str]:
    """A reader of numbers; one without a plus is of the rules file's country."""
    return lambda typed: number_from(typed[:LONGEST_VALUE], local.country)


def read_originator(local: Local) -> Callable[[str], str]:
    """A reader of whoever may have sent a text: a number, or a name or short code as it is."""

    def read(typed: str) -> str:
        try:
            return number_from(typed[:LONGEST_VALUE], local.country)
        except ValueError:
            return canonical(clean(typed[:LONGEST_VALUE]))

    return read


def message_filter(typed: Typed, local: Local, now: datetime) -> MessageFilter:
    """Which messages, by the names of MESSAGE_FILTERS."""
    begin, end = typed.read("day", _day(local, now)) or (None, None)
    since = typed.read("since", lambda value: read_since(value, now))
    return MessageFilter(
        originator=typed.read("from", read_originator(local)),
        rule=typed.read("rule", read_text()),
        status=typed.read("status", read_one_of(tuple(MessageStatus))),
        since=max(filter(None, (begin, since)), default=None),
        before=end,
        list=typed.read("list", read_text()),
        unmatched=typed.flag("unmatched"),
    )


def delivery_filter(typed: Typed, now: datetime) -> DeliveryFilter:
    """Which deliveries, by the names of DELIVERY_FILTERS."""
    return DeliveryFilter(
        status=typed.read("status", read_one_of(tuple(StepStatus))),
        kind=typed.read("kind", read_one_of(tuple(StepKind))),
        to=typed.read("to", read_text()),
        message_key=typed.read("message", read_text()),
        since=typed.read("since", lambda value: read_since(value, now)),
    )


def subscriber_filter(typed: Typed, local: Local) -> SubscriberFilter:
    """Which subscribers, by the names of SUBSCRIBER_FILTERS."""
    return SubscriberFilter(
        list=typed.read("list", read_text()),
        status=typed.read("status", read_one_of(tuple(SubscriptionStatus))),
        originator=typed.read("number", read_phone(local)),
    )


def appointment_filter(typed: Typed, local: Local, now: datetime) -> AppointmentFilter:
    """Which appointments, by the names of APPOINTMENT_FILTERS."""
    begin, end = typed.read("day", _day(local, now)) or (None, None)
    return AppointmentFilter(
        originator=typed.read("number", read_phone(local)),
        status=typed.read("status", read_one_of(tuple(AppointmentStatus))),
        begin=begin,
        end=end,
    )


def consent_filter(typed: Typed, local: Local, now: datetime) -> ConsentFilter:
    """Which consent events, by the names of CONSENT_FILTERS."""
    return ConsentFilter(
        originator=typed.read("number", read_phone(local)),
        list=typed.read("list", read_text()),
        as_of=typed.read("as_of", lambda value: read_since(value, now)),
    )
