"""How the watch on a mailbox goes."""

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
