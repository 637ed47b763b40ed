"""The one question that every outbound text must pass."""

from datetime import datetime

from responder.core.effects import Purpose

SHADOWED = "nothing is sent while RESPONDER_SHADOW is set"
DESPITE_OPT_OUT = frozenset({Purpose.CONFIRMATION, Purpose.HELP, Purpose.WELCOME})  # contract, guarantee 6


def why_suppressed(purpose: Purpose, expires_at: datetime | None, now: datetime, *, opted_out: bool) -> str | None:
    """Why a text may not go out now; None if it may. Asked in the transaction that claims it.

    >>> from datetime import UTC
    >>> why_suppressed(Purpose.ANSWER, None, datetime.now(UTC), opted_out=True)
    'the originator opted out'
    """
    if opted_out and purpose not in DESPITE_OPT_OUT:
        return "the originator opted out"
    if expires_at is not None and now > expires_at:
        return "it came too late to be of use, so it was dropped"
    return None
