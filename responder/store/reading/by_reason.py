"""How many rows there are for each reason, by what it says before it may repeat a text."""

from collections import Counter
from typing import Any

from sqlalchemy import Column, ColumnElement, TextClause, case, func, literal, select, type_coerce

from responder.core.contact.reasons import heading
from responder.store.base.database import Database

CODED = "{"  # begins a reason that is stored by its code


async def count_by_reason(
    database: Database, column: Column[Any], *where: ColumnElement[bool] | TextClause
) -> list[tuple[str, int]]:
    """How many rows have a reason with the same heading, the most frequent first; one reason stands for all of them."""
    position = func.instr if database.is_sqlite else func.strpos
    sentence = func.substr(column, 1, position(column.concat(":"), ":") - 1)
    coded = func.substr(column, 1, 1) == literal(CODED)
    reason = type_coerce(case((coded, column), else_=sentence), column.type)
    query = select(reason.label("reason"), func.count().label("found")).where(*where).group_by(reason)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    found: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for row in rows:
        said: str = row.reason or ""
        reasons.setdefault(heading(said), said)
        found[heading(said)] += row.found
    counted = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(reasons[head], count) for head, count in counted]
