"""How many rows there are for each reason; a reason ends where it may repeat a text."""

from collections import Counter
from typing import Any

from sqlalchemy import Column, ColumnElement, TextClause, case, func, literal, select, type_coerce

from responder.store.base.database import Database

CODED = "{"  # begins a reason that is stored by its code


async def count_by_reason(
    database: Database, column: Column[Any], *where: ColumnElement[bool] | TextClause
) -> dict[str, int]:
    """How many rows have each reason, the most frequent first. It ends at its colon: what follows may be of a text."""
    position = func.instr if database.is_sqlite else func.strpos
    sentence = func.substr(column, 1, position(column.concat(":"), ":") - 1)
    coded = func.substr(column, 1, 1) == literal(CODED)
    reason = type_coerce(case((coded, column), else_=sentence), column.type)
    query = select(reason.label("reason"), func.count().label("found")).where(*where).group_by(reason)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    found: Counter[str] = Counter()
    for row in rows:
        found[str(row.reason or "").partition(":")[0]] += row.found
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
