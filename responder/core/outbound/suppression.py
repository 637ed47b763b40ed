"""Whether an outbound text may leave: every one of them is asked here."""

from dataclasses import dataclass
from datetime import datetime

from responder.core.contact.effects import Purpose
from responder.core.contact.reasons import because
from responder.core.sms.message import Order

OPTED_OUT = because("opted_out")
TOO_LATE = because("too_late")
SHADOWED = because("in_service_shadow")
TO_RESERVED_WORDS = frozenset({Purpose.HELP, Purpose.WELCOME})  # answers that an older STOP does not hold back
DESPITE_OPT_OUT = TO_RESERVED_WORDS | {Purpose.CONFIRMATION}  # contract, guarantee 6
MARKETING = frozenset({Purpose.ANSWER})  # a rule's text may be an offer; any other is a service


@dataclass(frozen=True, kw_only=True, slots=True)
class LastStop:
    """A number's last opt-out: when it took effect by our clock, and its place among the number's texts.

    The place is None if the opt-out was no text of theirs. ``start`` is the place of a later text that agrees again.
    """

    at: datetime
    order: Order | None
    start: Order | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The text that a reply answers: its place among the number's texts, its arrival and its handling."""

    order: Order
    received_at: datetime
    handled_at: datetime | None


def is_ended(purpose: Purpose, queued_at: datetime, origin: Origin | None, stop: LastStop) -> bool:
    """Whether an opt-out ends a text that waits to leave; answers to newer reserved keywords still go out.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    >>> stop = LastStop(at=noon, order=Order(noon, 7))
    >>> [is_ended(Purpose.REMINDER, noon + timedelta(hours=hours), None, stop) for hours in (-1, 1)]
    [True, False]
    """
    if purpose is Purpose.CONFIRMATION:
        return False
    if origin is None:
        return queued_at < stop.at
    if stop.start and origin.order >= stop.start:
        return False
    is_older = origin.order < stop.order if stop.order else origin.received_at < stop.at
    if purpose in TO_RESERVED_WORDS:
        return is_older
    return is_older or (origin.handled_at or queued_at) < stop.at


def why_suppressed(
    purpose: Purpose,
    expires_at: datetime | None,
    now: datetime,
    *,
    opted_out: bool,
    in_doubt: bool = False,
    is_ended: bool = False,
) -> str | None:
    """Why a text may not go out now; None if it may. Asked in the transaction that claims it.

    ``in_doubt``: the originator wrote what may be a stop, and no person has decided. ``is_ended``: the text waited
    when the originator opted out.

    >>> from datetime import UTC
    >>> why_suppressed(Purpose.ANSWER, None, datetime.now(UTC), opted_out=True)
    'the originator opted out'
    """
    if is_ended or (opted_out and purpose not in DESPITE_OPT_OUT):
        return OPTED_OUT
    if in_doubt and purpose in MARKETING:
        return because("in_doubt")
    if expires_at is not None and now > expires_at:
        return TOO_LATE
    return None
