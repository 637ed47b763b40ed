"""Many rows in one statement: the database is entered once for all of them, where one entry for each would fight for Python's lock."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

Values = tuple[Any, ...]


class Insertion:
    """How rows come into a table of SQLite; those that are there already change nothing."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        dialect = sqlite.dialect()
        self._head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608  (our own names; the values are bound)
        self._row = f"({', '.join('?' * len(columns))})"
        writers = (table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns)
        self._writers = {at: write for at, write in enumerate(writers) if write}
        self._width = len(columns)

    def statement(self, rows: Sequence[Values]) -> tuple[str, Values]:
        """The statement, and the values that go with it.

        >>> from responder.store.tables import contacts
        >>> Insertion(contacts, ["originator", "revision"]).statement([("+39330", 1), ("+39331", 2)])
        ('INSERT INTO contacts (originator, revision) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING', ('+39330', 1, '+39331', 2))
        """
        values = [value for row in rows for value in row]
        for at, write in self._writers.items():
            values[at :: self._width] = map(write, values[at :: self._width])
        return f"{self._head}{', '.join([self._row] * len(rows))} ON CONFLICT DO NOTHING", tuple(values)
