"""Watches whether transactions on PostgreSQL lock tables in the one order that ``responder.store.base.locking`` names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

ORDER = (("contacts",), ("messages",), ("steps",), ("endpoints", "holds", "spend", "alerts"), ("installation",))
RANK = {table: rank for rank, tables in enumerate(ORDER) for table in tables}
CHANGES = re.compile(r"\s*(?:UPDATE|DELETE FROM) (\w+)|\s*(?:WITH .*)?INSERT INTO (\w+)[\s\S]*ON CONFLICT")
NEW_STEPS = re.compile(r"\s*INSERT INTO steps[\s\S]*ON CONFLICT DO NOTHING")
LOCKS = re.compile(r"SELECT[\s\S]*?FROM (\w+)[\s\S]*FOR UPDATE")


def table_of(statement: str) -> str | None:
    """The table whose rows a statement locks, or may wait for."""
    if NEW_STEPS.match(statement):
        return None
    found = CHANGES.match(statement) or LOCKS.match(statement)
    return next(filter(None, found.groups()), None) if found else None


def lock(locked: list[str], statement: str) -> str | None:
    """Add the table that a statement locks to those of its transaction, and say so if that is out of order.

    >>> lock(["steps"], "SELECT seq FROM messages FOR UPDATE")
    'messages after steps: SELECT seq FROM messages FOR UPDATE'
    """
    table = table_of(statement)
    if table not in RANK or table in locked:
        return None
    is_late = "SKIP LOCKED" not in statement and any(RANK[table] < RANK[other] for other in locked)
    fault = f"{table} after {', '.join(locked)}: {statement[:100]}" if is_late else None
    locked.append(table)
    return fault


@contextmanager
def watched() -> Iterator[list[str]]:
    """The locks out of order that are taken meanwhile, each with what was locked before."""
    faults: list[str] = []

    def begin(connection: Connection) -> None:
        connection.info["locked"] = []

    def note(connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
        if connection.dialect.name == "postgresql" and (
            fault := lock(connection.info.setdefault("locked", []), statement)
        ):
            faults.append(fault)

    listeners = (("begin", begin), ("before_cursor_execute", note))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield faults
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)
