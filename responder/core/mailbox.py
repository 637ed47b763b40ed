"""How the intake from a mailbox stands, as it tells others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailboxState(StrEnum):
    """What the intake can do with its mailbox."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailboxReport:
    """One intake: its mailbox, what is wrong with it, and what it took since it started; ``lag_s`` is from the last mail's arrival to its commit."""

    name: str
    place: str
    state: MailboxState
    reason: str | None
    last_mail_at: datetime | None
    lag_s: float | None
    taken: int
    malformed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FailingMailbox:
    """A mailbox that nothing is taken from, and why."""

    place: str
    reason: str
