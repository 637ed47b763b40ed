"""Appointments from a file: many are carried out in chunks, and finished even after a kill."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import FILE_FIELDS, Booking, Change
from responder.store.appointments.bookings import BOOKINGS, Means, carry_out_some, put_bookings
from responder.store.base.database import Database
from responder.store.base.imports import AT_ONCE, Clock, carry_out, import_lines, tidy
from responder.store.base.records import from_row


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingImports:
    """Carries out imports of appointments."""

    database: Database
    means: Means
    clock: Clock

    async def put(
        self, bookings: Sequence[Booking], advance: Callable[[int], None] = lambda _count: None
    ) -> Mapping[Change, int]:
        """Make the appointments what the bookings say, all or none, with the count of each change."""
        await carry_out(self.database, BOOKINGS, self._apply, self.clock)
        if len(bookings) <= AT_ONCE:
            times, by, tell = self.means.times, self.means.by, self.means.tell
            return await put_bookings(self.database, bookings, self.clock(), advance, times=times, by=by, tell=tell)
        lines = [{name: getattr(booking, name) for name in FILE_FIELDS} for booking in bookings]
        done = await import_lines(self.database, BOOKINGS, self._apply, self.clock, lines, advance=advance)
        return {Change(change): count for change, count in done.counts.items()}

    async def tidy(self) -> int:
        """Finish imports that nobody is at any more, and give how many lines that were."""
        return await tidy(self.database, BOOKINGS, self._apply, self.clock)

    async def _apply(self, connection: AsyncConnection, _import: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        bookings = [from_row(Booking, row) for row in rows]
        return await carry_out_some(self.database, connection, bookings, self.means, self.clock())
