"""Databases with many rows, made by SQL in a moment: what was handled long ago, and what waits."""

from dataclasses import dataclass

from responder.store.base.database import Database

HOT = "+39399"
"""One phone that sent a third of what waits."""
_NUMBERS = {
    True: "(WITH RECURSIVE c (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n FROM c)",
    False: "generate_series({first}, {last}) AS s (n)",
}
TOGETHER = 50_000  # rows in one statement, which has to end in time
_PAST = "'2026-11-20 12:00:00.000000'"
_NOON = "'2026-11-23 12:00:00.000000'"


@dataclass(frozen=True)
class Crowd:
    """Fills the tables of a database with so many rows at a time."""

    database: Database

    async def handled(self, count: int) -> None:
        """Messages that were handled, each with its reply, and appointments that are over."""
        await self._messages("h", count, "'+3933' || n", "handled", _PAST)
        await self._replies("h", count, "'answer'", "sent")
        await self._appointments("h", count, _PAST)

    async def waiting(self, count: int, *, hot: bool = True, one_phone: bool = False) -> None:
        """Messages that wait."""
        phone = (
            f"'{HOT}'"
            if one_phone
            else f"CASE WHEN n % 3 = 0 THEN '{HOT}' ELSE '+3934' || n END"
            if hot
            else "'+3934' || n"
        )
        await self._messages("w", count, phone, "received", _NOON)

    async def leaving(self, count: int) -> None:
        """Replies that are due, some of them in quiet hours, and half as many reminders and calls whose answers are awaited."""
        await self._replies("a", count, "'answer'", "queued")
        await self._replies("r", count // 2, "'reminder'", "queued")
        calls = (
            "step_key, originator, content, deadline_at",
            "'a' || n, '+3935' || n, '{}', '2026-11-24 12:00:00.000000' FROM ",
        )
        await self._insert("awaited", *calls, count)

    async def to_remind(self, count: int) -> None:
        """Appointments to come, each with a reminder that is due, of phones that never texted."""
        await self._appointments("t", count, "'2026-12-24 12:00:00.000000'")
        columns = "key, appointment_id, originator, name, due_at, next_at, status"
        await self._insert(
            "reminders", columns, f"'t' || n, 't' || n, '+3936' || n, '1d', {_NOON}, {_NOON}, 'planned' FROM ", count
        )

    async def analyse_by_hand(self) -> None:
        """Let PostgreSQL take no statistics by itself."""
        async with self.database.write() as connection:
            for table in ("messages", "steps", "appointments", "reminders", "awaited"):
                await connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")

    async def analyse(self) -> None:
        """Take statistics of what is there now."""
        async with self.database.write() as connection:
            await connection.exec_driver_sql("ANALYZE")

    async def _messages(self, kind: str, count: int, phone: str, status: str, at: str) -> None:
        columns = "key, channel, gateway, originator, destination, text, date_time, raw, received_at, order_at, status"
        values = f"'{kind}' || n, 'webhook', 'agile', {phone}, '+393331234333', 'News ON', '', {self._empty}, {at}, {at}, '{status}' FROM "
        await self._insert("messages", columns, values, count)

    async def _replies(self, kind: str, count: int, purpose: str, status: str) -> None:
        columns = (
            "key, message_key, kind, originator, recipient, sender, content, purpose, segments, status, attempts,"
            " next_attempt_at, created_at, updated_at"
        )
        phones = f"'+3935' || n, '+3935' || n, '+393331234333', 'Hello', {purpose}, 1"
        await self._insert(
            "steps",
            columns,
            f"'{kind}' || n, '{kind}' || n, 'reply', {phones}, '{status}', 0, {_NOON}, {_PAST}, {_PAST} FROM ",
            count,
        )

    async def _appointments(self, kind: str, count: int, starts_at: str) -> None:
        columns = "id, originator, starts_at, name, service, location, language, status, updated_at"
        values = f"'{kind}' || n, '+3936' || n, {starts_at}, '', '', '', '', 'scheduled', {_PAST} FROM "
        await self._insert("appointments", columns, values, count)

    async def _insert(self, table: str, columns: str, values: str, count: int) -> None:
        for first in range(1, count + 1, TOGETHER):
            numbers = _NUMBERS[self.database.is_sqlite].format(first=first, last=min(first + TOGETHER - 1, count))
            async with self.database.write() as connection:
                await connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) SELECT {values} {numbers}")

    @property
    def _empty(self) -> str:
        return "x''" if self.database.is_sqlite else "''::bytea"
