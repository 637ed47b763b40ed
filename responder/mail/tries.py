"""How often mails were begun and not finished: kept in SQL, since a mail may end the whole process.

A process that ends in peace leaves none behind, so that a person who starts it anew has all tried anew.
"""

from collections import Counter
from collections.abc import Collection

from responder.store.base.database import Database
from responder.store.operations.mailboxes import MailTries, keep_tries, read_tries

MOST_TRIES = 3  # of a mail that is read alone, after which it is left alone


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
