"""The state of the watch on a mailbox, and its patience."""

from dataclasses import dataclass
from datetime import datetime

from responder.core.operations.troubles import MailboxState


@dataclass(kw_only=True, slots=True)
class Status:
    """How the watch goes, for whoever reports it."""

    state: MailboxState = MailboxState.CONNECTING
    reason: str | None = None
    last_mail_at: datetime | None = None
    lag_s: float | None = None
    taken: int = 0
    malformed: int = 0
    left_alone: int = 0  # mails that nobody but a person can judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait in a quiet mailbox, and after failures, growing from first to longest."""

    first_look_s: float = 2.0  # what comes between a search and the server's IDLE may be told of only at its end
    look_s: float = 25.0
    connection_s: float = 1800.0  # after which everything is searched again, for what somebody has unmarked
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0
    refused_s: float = 300.0  # a server that refuses a password may lock out who tries often
