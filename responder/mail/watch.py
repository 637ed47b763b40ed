"""Watches a mailbox: its mails become messages and are marked once these are committed."""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from responder.core.operations.troubles import MailboxReport, MailboxState, unseen
from responder.core.outbound.gateway import OTHER_SENDER, UNSIGNED, Clock, MailReader
from responder.core.sms.message import Inbound, MessageStatus
from responder.errors import PermanentError, StorageError, TransientError
from responder.intake import Intake
from responder.mail.account import MOST_TRIES, Head, Patience, Tries, groups, portions
from responder.mail.mailbox import Mailbox

MICROSECONDS = 1_000_000
AT_THE_START = replace(unseen(""), state=MailboxState.CONNECTING, reason=None)

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(kw_only=True)
class Watch:
    """Takes in what comes to a mailbox."""

    open_mailbox: Callable[[threading.Event], Mailbox]
    reader: MailReader
    intake: Intake
    tries: Tries
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    status: MailboxReport = field(init=False, default=AT_THE_START)  # as yet without a name and place
    _thread: ThreadPoolExecutor = field(init=False, default_factory=partial(ThreadPoolExecutor, 1, "mailbox"))
    _stopping: threading.Event = field(init=False, default_factory=threading.Event)
    _stopped: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _mailbox: Mailbox | None = field(init=False, default=None)
    _left: set[int] = field(init=False, default_factory=set)  # mails that are not the gateway's, by UID
    _failures: int = field(init=False, default=0)
    _changed: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def stop(self) -> None:
        """Let ``run`` end, whatever it waits for."""
        self._stopping.set()
        self._stopped.set()
        if self._mailbox:
            self._mailbox.abort()

    async def changed(self, limit_s: float) -> None:
        """Wait until the state changes or the time is up."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), limit_s)

    async def run(self) -> None:
        """Take mails in until ``stop``."""
        try:
            while not self._stopping.is_set():
                delay_s = await self._connection()
                if delay_s and not self._stopping.is_set():
                    await self._pause(delay_s)
        finally:
            with contextlib.suppress(StorageError):
                await self.tries.forget()
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _connection(self) -> float:
        """One connection, and how long to wait until the next."""
        mailbox = self._mailbox = self.open_mailbox(self._stopping)
        try:
            await self._watch(mailbox)
        except PermanentError as error:
            self._tell(MailboxState.REFUSED, str(error))
            return self.patience.refused_s
        except (TransientError, StorageError) as error:
            self._tell(MailboxState.UNREACHABLE, str(error))
            return self._delay_s()
        except Exception as error:
            logger.exception("the intake failed")
            self._tell(MailboxState.UNREACHABLE, f"the intake failed ({type(error).__name__}), see its log")
            return self._delay_s()
        finally:
            await self._call(mailbox.close)
        return 0.0

    def _delay_s(self) -> float:
        """How long to wait after one failure more."""
        delay_s = min(self.patience.first_delay_s * 2.0**self._failures, self.patience.longest_delay_s)
        self._failures = min(self._failures + 1, 16)
        return delay_s * (0.5 + random.random() / 2)  # noqa: S311  (spreads those who come back, no secret)

    async def _watch(self, mailbox: Mailbox) -> None:
        opened = await self._call(mailbox.open)
        if await self.tries.opened(opened.uid_validity):
            self._left.clear()
        self._tell(MailboxState.CONNECTED, None)
        logger.info("mailbox opened mails=%d idle=%s", opened.mails, opened.has_idle)
        ends_at = time.monotonic() + self.patience.connection_s
        after: int | None = None
        is_quiet = False
        while not self._stopping.is_set() and time.monotonic() < ends_at:
            found = await self._call(mailbox.waiting, after)
            if after is None:
                self.tries.forget_others(found)
            for uids in groups([uid for uid in found if uid not in self._left], self.tries.of_heads):
                await self._take_in(mailbox, uids)
            after = max([after or 0, *found])
            self._failures = 0
            if not found:
                await self._call(mailbox.wait, self.patience.look_s if is_quiet else self.patience.first_look_s)
            is_quiet = not found

    async def _take_in(self, mailbox: Mailbox, uids: Sequence[int]) -> None:
        """Take in those mails that are the gateway's, and leave the others as they are."""
        if self.tries.of_heads[uids[0]] > MOST_TRIES:
            self._leave(uids[0], "the connection or the process ends whenever its head is read")
            return
        await self.tries.begin(uids)
        judged = await self._call(self._judge, mailbox, uids)
        for uid in uids:
            del self.tries.of_heads[uid]
        for head, reason in judged:
            if reason:
                self._leave(head.uid, reason)
        for group in portions([head for head, reason in judged if not reason], self.tries.of_mails):
            await self._take(mailbox, group)
        await self.tries.finish()

    def _judge(self, mailbox: Mailbox, uids: Sequence[int]) -> list[tuple[Head, str | None]]:
        """The heads, each with the reason to leave its mail alone. It may take long, so it runs in the thread."""
        return [(head, self._refusal(head)) for head in mailbox.heads(uids)]

    def _refusal(self, head: Head) -> str | None:
        if self.tries.of_mails[head.uid] > MOST_TRIES:
            return "the connection ends whenever it is read"
        return self.reader.refusal(head.fields)

    def _leave(self, uid: int, reason: str) -> None:
        """Leave a mail as it is. If it may be the gateway's it is counted for a person."""
        self._left.add(uid)
        level = logging.INFO if reason == OTHER_SENDER else logging.WARNING
        logger.log(level, "mail left alone uid=%d reason=%s", uid, reason)
        is_counted = reason not in {OTHER_SENDER, UNSIGNED}
        self.status = replace(self.status, left_alone=self.status.left_alone + is_counted)

    async def _take(self, mailbox: Mailbox, heads: Sequence[Head]) -> None:
        """Read mails, commit their messages, then mark them.

        Raises TransientError, or StorageError if some were not committed.
        """
        self.tries.of_mails.update(head.uid for head in heads)
        messages = await self._call(self._read, mailbox, heads)
        for head in heads:
            del self.tries.of_mails[head.uid]
        began_at = time.monotonic()
        failures = await asyncio.gather(*(self._commit(of_mail, began_at) for of_mail in messages.values()))
        committed = {
            uid: of_mail for (uid, of_mail), failure in zip(messages.items(), failures, strict=True) if failure is None
        }
        self._count([message for of_mail in committed.values() for message in of_mail])
        failed = [
            uid
            for uid, of_mail in committed.items()
            if any(message.status is MessageStatus.MALFORMED for message in of_mail)
        ]
        await self._call(partial(mailbox.settle, [uid for uid in committed if uid not in failed], is_done=True))
        await self._call(partial(mailbox.settle, failed, is_done=False))
        for uid, failure in zip(messages, failures, strict=True):
            if failure and failure.is_in_the_data:
                self._leave(uid, "it cannot be stored")
        for failure in failures:
            if failure and not failure.is_in_the_data:
                raise failure

    def _read(self, mailbox: Mailbox, heads: Sequence[Head]) -> dict[int, list[Inbound]]:
        """The messages in mails by UID, as old as their mails and in their order."""
        mails = mailbox.read([head.uid for head in heads])
        now = self.clock()
        arrivals = {
            head.uid: min(head.arrived_at + timedelta(microseconds=head.uid % MICROSECONDS), now) for head in heads
        }
        return {
            uid: read for uid, raw in mails.items() if (read := self._messages(uid, raw, arrivals[uid])) is not None
        }

    def _messages(self, uid: int, raw: bytes, arrived_at: datetime) -> list[Inbound] | None:
        """The messages in a mail; None if it is left for a person."""
        try:
            return self.reader.read(raw, arrived_at)
        except Exception as error:  # noqa: BLE001  (whatever one mail is, it holds up no other)
            self._leave(uid, f"it cannot be read ({type(error).__name__})")
            return None

    async def _commit(self, messages: Sequence[Inbound], began_at: float) -> StorageError | None:
        try:
            for message in messages:
                await self.intake.take(message, began_at)
        except StorageError as error:
            return error
        return None

    def _count(self, messages: Sequence[Inbound]) -> None:
        if not messages:
            return
        malformed = [message.key for message in messages if message.status is MessageStatus.MALFORMED]
        for key in malformed:
            logger.warning("mail not understood, kept for a person key=%s", key)
        now = self.clock()
        self.status = replace(
            self.status,
            malformed=self.status.malformed + len(malformed),
            taken=self.status.taken + len(messages),
            last_mail_at=now,
            lag_s=round((now - messages[-1].received_at).total_seconds(), 3),
        )
        logger.info("mails taken in messages=%d lag_s=%s", len(messages), self.status.lag_s)

    def _tell(self, state: MailboxState, reason: str | None) -> None:
        self.status = replace(self.status, state=state, reason=reason)
        self._changed.set()
        if reason and not self._stopping.is_set():
            logger.error("mailbox %s reason=%s", state, reason)

    async def _call(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def _pause(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), delay_s)
