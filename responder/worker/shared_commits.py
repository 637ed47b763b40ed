"""What became of replies, recorded together: those that end during a commit share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from responder.errors import StorageError
from responder.store.outbound.fates import Fate

Waiting = list[tuple[Fate, asyncio.Future[None]]]


@dataclass(kw_only=True)
class SharedCommits:
    """Records fates by ``record``, as many in one commit as there are when it begins."""

    record: Callable[[Sequence[Fate]], Awaitable[None]]
    _waiting: Waiting = field(init=False, default_factory=list)
    _recording: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def add(self, fate: Fate) -> None:
        """Return when a fate is committed. Raises StorageError."""
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((fate, recorded))
        async with self._recording:
            if not recorded.done():  # else somebody before us took it along
                batch, self._waiting = self._waiting, []
                await self._record(batch)
        await recorded

    async def _record(self, batch: Waiting) -> None:
        try:
            await self.record([fate for fate, _ in batch])
        except StorageError as error:
            if error.is_in_the_data and len(batch) > 1:
                for one in batch:
                    await self._record([one])
            else:
                _end(batch, error)
        except BaseException:
            _end(batch, StorageError("the commit that this reply shared was broken off"))
            raise
        else:
            _end(batch, None)


def _end(batch: Waiting, error: StorageError | None) -> None:
    for _, recorded in batch:
        if not recorded.done():
            recorded.set_exception(error) if error else recorded.set_result(None)
