"""The live feed: one reader a process looks each second while somebody listens, and tells all of them the same."""

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from responder.core.operations.messages import FeedLine, Pulse
from responder.desk.desk import Desk
from responder.desk.messages import newest_lines, pulse, read_epoch
from responder.errors import StorageError
from responder.processes.tasks import end
from responder.web.console.frame.outlook import GOOD_FOR_S, Lookout

SHOWN = 50  # messages
LOOK_EVERY_S = 1.0
BEAT_EVERY_S = 10.0
APART_S = 0.01  # from one listener to the next: web hands each the same bytes, and texts are taken in between
LISTENERS = 50  # in one process; the next one hears 503
BEHIND = 20  # events that a slow reader may be behind before it has to connect again
RETRY = b"retry: 500\n\n"
HOLE = b"event: gap\ndata: 1\n\n"

logger = logging.getLogger(__name__)
Matches = Callable[[FeedLine], bool]
Write = Callable[[Sequence[FeedLine]], Iterator[str]]


class TooManyListeners(Exception):
    """Another feed would be one too many for this process."""


@dataclass(eq=False, kw_only=True, slots=True)
class Listener:
    """A browser that listens: which rows it wants, in which language, and in which epochs its visit counts."""

    language: str
    write: Write
    matches: Matches
    wants_rows: bool = True
    wanted: str = ""
    after: int = 0
    visit: str = ""
    counts_in: Callable[[str], bool] = lambda _epoch: True
    queue: asyncio.Queue[tuple[float, bytes] | None] = field(default_factory=lambda: asyncio.Queue(BEHIND))
    is_new: bool = True


class Feed:
    """All who listen in this process, and what they were told last."""

    def __init__(
        self,
        *,
        desk: Desk,
        lookout: Lookout,
        look_every_s: float = LOOK_EVERY_S,
        beat_every_s: float = BEAT_EVERY_S,
        apart_s: float = APART_S,
    ) -> None:
        self._desk = desk
        self._lookout = lookout
        self._look_every_s = look_every_s
        self._beat_every_s = beat_every_s
        self._apart_s = apart_s
        self._listeners: set[Listener] = set()
        self._reader: asyncio.Task[None] | None = None
        self._lines: dict[int, FeedLine] = {}
        self._beat = Pulse(inbox="", appointments="")
        self._frame = b""
        self._is_closed = False

    async def listen(self, listener: Listener) -> AsyncGenerator[bytes, None]:
        """What a listener hears, until it leaves or the process ends. Raises TooManyListeners."""
        if len(self._listeners) >= LISTENERS or self._is_closed:
            raise TooManyListeners
        self._listeners.add(listener)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        return self._told(listener)

    async def _told(self, listener: Listener) -> AsyncGenerator[bytes, None]:
        try:
            yield RETRY
            while (heard := await listener.queue.get()) is not None:
                due_at, event = heard
                await asyncio.sleep(max(0.0, due_at - time.monotonic()))
                yield event
        finally:
            self._listeners.discard(listener)

    def end_visit(self, visit: str) -> None:
        self._end([listener for listener in self._listeners if listener.visit == visit])

    async def _end_those_that_left(self) -> None:
        """End the streams of visits that do not count any more: too old, or ended elsewhere."""
        with contextlib.suppress(StorageError):
            epoch = await read_epoch(self._desk)
            self._end([listener for listener in self._listeners if not listener.counts_in(epoch)])

    def _end(self, listeners: Sequence[Listener]) -> None:
        for listener in listeners:
            self._listeners.discard(listener)
            _put(listener, None)

    def close(self) -> None:
        """End all streams, so that the process need not wait for its readers."""
        self._is_closed = True
        for listener in self._listeners:
            _put(listener, None)
        if self._reader:
            self._reader.cancel()

    async def end(self) -> None:
        """End the streams and their reader, which a database that is closed before it would leave waiting for ever."""
        self.close()
        await end([self._reader] if self._reader else [])

    async def _read(self) -> None:
        """Look each second while somebody listens."""
        beats = 0
        while self._listeners:
            try:
                await self._look()
            except Exception:  # all who listen hang on this one reader
                logger.exception("the feed could not be read")
            beats += 1
            if beats * self._look_every_s >= self._beat_every_s:
                beats = 0
                self._tell(list(self._listeners), _event("beat", 1, self._place))
                await self._end_those_that_left()
            await asyncio.sleep(self._look_every_s)

    async def _look(self) -> None:
        lines, beat = self._lines, self._beat
        with contextlib.suppress(StorageError):  # what was told last stays, and the outlook says what is wrong
            lines = {line.seq: line for line in await newest_lines(self._desk, SHOWN)}
            beat = await pulse(self._desk)
        changed = [line for seq, line in lines.items() if self._lines.get(seq) != line]
        outlook = await self._lookout.look(good_for_s=0 if changed or beat != self._beat else GOOD_FOR_S)
        has_gap = bool(self._lines) and len(lines) == SHOWN and min(lines) > max(self._lines)
        frame = _frame(outlook, beat)
        has_new_frame, self._frame, self._lines, self._beat = frame != self._frame, frame, lines, beat
        old = [listener for listener in self._listeners if not listener.is_new]
        if has_gap:
            self._tell([listener for listener in old if listener.wants_rows], HOLE)
        await self._tell_rows(old, changed)
        if has_new_frame:
            self._tell(old, frame)
        await self._greet([listener for listener in self._listeners if listener.is_new])

    async def _greet(self, listeners: Sequence[Listener]) -> None:
        """Tell new listeners all rows, and that there is a gap where they have missed more than these."""
        for listener in listeners:
            listener.is_new = False
        reaches = min(self._lines, default=0) if len(self._lines) == SHOWN else 0
        self._tell([one for one in listeners if one.wants_rows and one.after and one.after < reaches], HOLE)
        await self._tell_rows(listeners, list(self._lines.values()))
        self._tell(listeners, self._frame)

    async def _tell_rows(self, listeners: Sequence[Listener], lines: Sequence[FeedLine]) -> None:
        """Tell rows; listeners that want the same hear the same bytes, which are written once."""
        alike: dict[tuple[str, str], list[Listener]] = defaultdict(list)
        for listener in listeners:
            alike[listener.language, listener.wanted].append(listener)
        for group in alike.values():
            wanted = [line for line in lines if group[0].matches(line)]
            if wanted:
                self._tell(group, await self._rows(wanted, group[0].write))

    async def _rows(self, lines: Sequence[FeedLine], write: Write) -> bytes:
        rows = []
        for line, html in zip(lines, write(lines), strict=True):
            rows.append({"id": f"m-{line.message.key}", "seq": line.seq, "html": html})
            await asyncio.sleep(0)  # pages are written between two rows
        return _event("rows", rows, self._place)

    @property
    def _place(self) -> str:
        return f"id: {max(self._lines, default=0)}\n"

    def _tell(self, listeners: Sequence[Listener], event: bytes) -> None:
        now = time.monotonic()
        for place, listener in enumerate(listeners):
            if not _put(listener, (now + place * self._apart_s, event)):
                self._listeners.discard(listener)


def _put(listener: Listener, event: tuple[float, bytes] | None) -> bool:
    """Whether there was room for the event; a reader that is too slow is cut off, and connects again."""
    try:
        listener.queue.put_nowait(event)
    except asyncio.QueueFull:
        while not listener.queue.empty():
            listener.queue.get_nowait()
        listener.queue.put_nowait(None)
        return False
    return True


def _frame(outlook: Any, beat: Pulse) -> bytes:  # noqa: ANN401  (an outlook of any age)
    counts = outlook.counts
    told = {
        "counts": {} if counts is None else {name: getattr(counts, name) for name in counts.__dataclass_fields__},
        "notices": [[notice.sentence, str(notice.values)] for notice in outlook.notices],
        "pulse": {"inbox": beat.inbox, "appointments": beat.appointments},
    }
    return _event("frame", told)


def _event(name: str, told: object, head: str = "") -> bytes:
    return f"{head}event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
