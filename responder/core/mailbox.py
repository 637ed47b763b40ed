"""How the intake from a mailbox stands, as it tells others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

UNSEEN = "its intake was not seen lately: start 'responder run' or 'responder mail'"


class MailboxState(StrEnum):
    """What the intake can do with its mailbox."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailboxReport:
    """One intake: its mailbox, what is wrong with it, and what it took since it started.

    ``lag_s`` is from the last mail's arrival to its commit; ``left_alone`` counts mails that only a person can judge.
    """

    name: str
    place: str
    state: MailboxState
    reason: str | None
    last_mail_at: datetime | None
    lag_s: float | None
    taken: int
    malformed: int
    left_alone: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FailingMailbox:
    """A mailbox that nothing is taken from, and why."""

    place: str
    reason: str


def unseen(place: str) -> MailboxReport:
    """What there is to tell of an intake that does not run."""
    return MailboxReport(
        name="",
        place=place,
        state=MailboxState.NOT_SEEN,
        reason=UNSEEN,
        last_mail_at=None,
        lag_s=None,
        taken=0,
        malformed=0,
    )
