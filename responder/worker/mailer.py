"""Sends e-mails about alerts, one by one: a dead mail server delays nothing else."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from responder.core.outbound.gateway import Clock
from responder.core.rules.alerts import Mail
from responder.errors import PermanentError, TransientError
from responder.store.base.database import Database
from responder.store.operations.alert_mails import claim_mail, note_refused, note_sent, note_unsent

logger = logging.getLogger(__name__)


class Post(Protocol):
    """Takes e-mails."""

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand over an e-mail. Raises TransientError if it was not taken, PermanentError if it never will be."""


@dataclass(kw_only=True)
class Mailer:
    """Sends what waits in SQL."""

    database: Database
    post: Post
    clock: Clock

    async def once(self) -> None:
        """Send all that is due. Raises StorageError."""
        while mail := await claim_mail(self.database, self.clock()):
            await self._send(mail)

    async def _send(self, mail: Mail) -> None:
        try:
            await self.post.send(mail, self.clock())
        except PermanentError as error:
            logger.error("mail of an alert given up key=%s reason=%s", mail.key, error)  # noqa: TRY400  (the place tells nothing)
            await note_refused(self.database, mail.key, str(error))
        except TransientError as error:
            is_over = await note_unsent(self.database, mail.key, str(error), self.clock())
            level = logging.ERROR if is_over else logging.WARNING
            logger.log(
                level, "mail of an alert %s key=%s reason=%s", "given up" if is_over else "waits", mail.key, error
            )
        except Exception as error:
            logger.exception("mail of an alert not sent key=%s", mail.key)
            await note_unsent(
                self.database, mail.key, f"a fault that nobody thought of ({type(error).__name__})", self.clock()
            )
        else:
            await note_sent(self.database, mail.key)
            logger.info("mail of an alert sent key=%s", mail.key)
