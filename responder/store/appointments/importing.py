"""Appointments from a file: many are carried out in chunks, and finished even after a kill."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import FILE_FIELDS, Booking, Change
from responder.store.appointments.bookings import BOOKINGS, Means, carry_out_some, put_bookings
from responder.store.base.imports import AT_ONCE, Imports
from responder.store.base.records import from_row


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingImports(Imports):
    """Carries out imports of appointments."""

    kind = BOOKINGS
    means: Means

    async def put(
        self, bookings: Sequence[Booking], advance: Callable[[int], None] = lambda _count: None
    ) -> Mapping[Change, int]:
        """Make the appointments what the bookings say, all or none, with the count of each change."""
        await self.carry_out()
        if len(bookings) <= AT_ONCE:
            times, by, tell = self.means.times, self.means.by, self.means.tell
            return await put_bookings(self.database, bookings, self.clock(), advance, times=times, by=by, tell=tell)
        lines = [{name: getattr(booking, name) for name in FILE_FIELDS} for booking in bookings]
        done = await self.import_lines(lines, advance=advance)
        return {Change(change): count for change, count in done.counts.items()}

    async def apply(self, connection: AsyncConnection, one: Row[Any], rows: Sequence[Row[Any]]) -> Sequence[str]:
        bookings = [from_row(Booking, row) for row in rows]
        return await carry_out_some(self.database, connection, bookings, self.means, self.clock())
