"""Looks for troubles that need a person, and alerts by webhooks and e-mails, once for each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from responder.core.operations.telling import calls_of, mails_of, sentence_of
from responder.core.operations.troubles import SEEN_WITHIN, UNSEEN, FailingMailbox, Sight, troubles
from responder.core.outbound.gateway import Bell, Clock, Job
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Alert, Mail
from responder.errors import PermanentError, TransientError
from responder.store.base.database import Database
from responder.store.operations.alerts import Telling, claim_mail, note_refused, note_sent, note_troubles, note_unsent
from responder.store.operations.sources import (
    GONE_AFTER,
    failing_mailboxes,
    live_mailboxes,
    read_clock_offset,
    read_credits,
)
from responder.store.outbound.holds import read_endpoints, read_hold
from responder.store.reading.failed_messages import read_failed
from responder.wiring import Store

RECENT = timedelta(hours=1)  # the dead letters of this time are one alert

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class AlertWatch:
    """Looks for troubles. Every worker does, and skips those that another has reported.

    ``host`` names the machine in e-mails, which leave if ``is_mailing``. ``zone`` is that of the gateway's times;
    without it, nobody looks at its clock.
    """

    store: Store
    rules: Callable[[], Rules]
    bell: Bell
    clock: Clock
    host: str
    is_mailing: bool
    mailbox: str | None = None
    zone: ZoneInfo | None = None
    _mailbox_seen_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._mailbox_seen_at = self.clock()

    async def once(self) -> None:
        now, rules = self.clock(), self.rules()
        seen = troubles(await self._sight(), rules, now)
        changed = await note_troubles(self.store.database, seen, lambda alert: self._telling(alert, rules), now)
        for alert in changed.opened:
            logger.error("alert opened kind=%s key=%s what=%s", alert.trouble.kind, alert.key, sentence_of(alert))
        if changed.opened and rules.alerts.email and not self.is_mailing:
            logger.warning(
                "alerts are not mailed: set RESPONDER_SMTP_URL, and no RESPONDER_SHADOW, where the workers start"
            )
        for alert in changed.closed:
            logger.info("alert closed kind=%s key=%s what=%s", alert.trouble.kind, alert.key, sentence_of(alert))
        if changed.has_calls:
            self.bell.ring(Job.WEBHOOKS)

    async def _sight(self) -> Sight:
        now, database = self.clock(), self.store.database
        hold = await read_hold(database)
        return Sight(
            dead_letters=await self.store.steps.count_given_up(now - RECENT),
            endpoints=(await read_endpoints(database)).values(),
            refusal=hold.reason if hold else None,
            credits=await read_credits(database),
            mailboxes=await self._failing_mailboxes(now),
            oldest_waiting=await self.store.inbox.oldest_waiting(),
            failed=await read_failed(database),
            clock=await read_clock_offset(database, self.zone) if self.zone else None,
            rules_are_refused=not all(
                worker.rules_are_ok for worker in await self.store.installation.live_workers(now - SEEN_WITHIN)
            ),
        )

    async def _failing_mailboxes(self, now: datetime) -> Sequence[FailingMailbox]:
        """The mailboxes that no mail is read from, including one whose intake does not report."""
        failing = await failing_mailboxes(self.store.database, now)
        if self.mailbox is None:
            return failing
        if await live_mailboxes(self.store.database, now):
            self._mailbox_seen_at = now
        is_listed = any(mailbox.place == self.mailbox for mailbox in failing)
        if is_listed or now - self._mailbox_seen_at < GONE_AFTER:
            return failing
        return [*failing, FailingMailbox(place=self.mailbox, reason=UNSEEN)]

    def _telling(self, alert: Alert, rules: Rules) -> Telling:
        mails = tuple(mails_of(alert, rules, self.host)) if self.is_mailing else ()
        return Telling(calls=tuple(calls_of(alert, rules)), mails=mails)


class Post(Protocol):
    """Sends e-mails."""

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand over an e-mail. Raises TransientError if it was not taken, PermanentError if it never will be."""


@dataclass(kw_only=True)
class Mailer:
    """Sends the e-mails that wait in SQL, apart from everything else that a dead mail server could delay."""

    database: Database
    post: Post
    clock: Clock

    async def once(self) -> None:
        while mail := await claim_mail(self.database, self.clock()):
            await self._send(mail)

    async def _send(self, mail: Mail) -> None:
        try:
            await self.post.send(mail, self.clock())
        except PermanentError as error:
            logger.error("mail of an alert given up key=%s reason=%s", mail.key, error)  # noqa: TRY400  (expected)
            await note_refused(self.database, mail.key, str(error))
        except TransientError as error:
            is_over = await note_unsent(self.database, mail.key, str(error), self.clock())
            level, fate = (logging.ERROR, "given up") if is_over else (logging.WARNING, "waits")
            logger.log(level, "mail of an alert %s key=%s reason=%s", fate, mail.key, error)
        except Exception as error:
            logger.exception("mail of an alert not sent key=%s", mail.key)
            reason = f"a fault that nobody thought of ({type(error).__name__})"
            await note_unsent(self.database, mail.key, reason, self.clock())
        else:
            await note_sent(self.database, mail.key)
            logger.info("mail of an alert sent key=%s", mail.key)
