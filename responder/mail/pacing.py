"""How patiently a mailbox is watched: how long it waits, what is read at once, and how often a mail is tried."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from responder.mail.mailbox import Head
from responder.store.base.database import Database
from responder.store.operations.mailboxes import MailTries, keep_tries, read_tries

HEADS_AT_ONCE = 500
MAILS_AT_ONCE = 100
BYTES_AT_ONCE = 4 * 1024 * 1024
MOST_TRIES = 3  # of a mail that is read alone, after which it is left alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait in a quiet mailbox, and after failures, growing from first to longest."""

    first_look_s: float = 2.0  # mail that comes between a search and IDLE may be reported only at its end
    look_s: float = 25.0
    connection_s: float = 1800.0  # then everything is searched again, for mails that somebody has unmarked
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0
    refused_s: float = 300.0  # a server that refuses a password may lock out those who try often


def groups(uids: Sequence[int], breaks: Counter[int]) -> Iterator[Sequence[int]]:
    """The UIDs in groups whose heads are read at once. A mail that a connection broke on is read alone."""
    group: list[int] = []
    for uid in uids:
        if group and (len(group) >= HEADS_AT_ONCE or breaks[uid] or breaks[group[-1]]):
            yield group
            group = []
        group.append(uid)
    if group:
        yield group


def portions(heads: Sequence[Head], breaks: Counter[int]) -> Iterator[Sequence[Head]]:
    """The mails in portions that are read at once. A mail that a connection broke on is read alone."""
    portion: list[Head] = []
    size = 0
    for head in heads:
        if portion and (len(portion) >= MAILS_AT_ONCE or size + head.size > BYTES_AT_ONCE or breaks[head.uid]):
            yield portion
            portion, size = [], 0
        portion.append(head)
        size += head.size
        if breaks[head.uid]:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class Tries:
    """The tries at the mails of one mailbox, by their UIDs; methods raise StorageError."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place
        self._uid_validity: int | None = None
        self.of_heads: Counter[int] = Counter()
        self.of_mails: Counter[int] = Counter()

    async def opened(self, uid_validity: int) -> bool:
        """Whether the mailbox has other UIDs than this process knew; then the tries are those of the one before."""
        if uid_validity == self._uid_validity:
            return False
        kept = await read_tries(self._database, self._place)
        is_same = kept is not None and kept.uid_validity == uid_validity
        self.of_heads, self.of_mails = (
            (Counter(kept.of_heads), Counter(kept.of_mails)) if kept and is_same else (Counter(), Counter())
        )
        self._uid_validity = uid_validity
        return True

    def forget_others(self, waiting: Collection[int]) -> None:
        """Forget the mails that no longer wait: somebody has seen to them."""
        for tries in (self.of_heads, self.of_mails):
            for uid in tries.keys() - set(waiting):
                del tries[uid]

    async def begin(self, uids: Collection[int]) -> None:
        """Count a try at the heads of these mails, before they are read; a failure to do so is no try."""
        counted = self.of_heads + Counter(uids)
        await self._keep(counted)
        self.of_heads = counted

    async def finish(self) -> None:
        """Write down that what was begun is through, or how often it was not."""
        await self._keep(self.of_heads)

    async def forget(self) -> None:
        """Let the next process try everything anew."""
        self.of_heads.clear()
        self.of_mails.clear()
        if self._uid_validity is not None:
            await self._keep(self.of_heads)

    async def _keep(self, of_heads: Counter[int]) -> None:
        kept = MailTries(uid_validity=self._uid_validity or 0, of_heads=of_heads, of_mails=self.of_mails)
        await keep_tries(self._database, self._place, kept)
