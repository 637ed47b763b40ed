"""The one question that every outbound text must pass."""

from datetime import datetime

from responder.core.effects import Purpose

OPTED_OUT = "the originator opted out"
TOO_LATE = "it came too late to be of use, so it was dropped"
SHADOWED = "nothing is sent while RESPONDER_SHADOW is set"
DESPITE_OPT_OUT = frozenset({Purpose.CONFIRMATION, Purpose.HELP, Purpose.WELCOME})  # contract, guarantee 6
MARKETING = frozenset({Purpose.ANSWER})  # what a rule writes may be an offer; every other text is a service


def why_suppressed(purpose: Purpose, expires_at: datetime | None, now: datetime, *, opted_out: bool, in_doubt: bool = False) -> str | None:
    """Why a text may not go out now; None if it may. Asked in the transaction that claims it.

    ``in_doubt`` is true where the originator has written since what may have been a stop, and no person has decided.

    >>> from datetime import UTC
    >>> why_suppressed(Purpose.ANSWER, None, datetime.now(UTC), opted_out=True)
    'the originator opted out'
    """
    if opted_out and purpose not in DESPITE_OPT_OUT:
        return OPTED_OUT
    if in_doubt and purpose in MARKETING:
        return "the originator may want no more texts, and no person had decided yet"
    if expires_at is not None and now > expires_at:
        return TOO_LATE
    return None
