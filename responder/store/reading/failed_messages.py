"""Messages that failed: how many there are, and why, and how they are received again."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Column, ColumnElement, TextClause, case, func, literal, select, text, type_coerce, update

from responder.core.contact.reasons import because, heading
from responder.core.operations.records import MessageRecord
from responder.core.operations.troubles import FailedMessages
from responder.core.sms.message import MessageStatus
from responder.errors import ResponderError
from responder.store.base.database import Database
from responder.store.base.locking import TOGETHER, Check, unchecked
from responder.store.base.tables import messages
from responder.store.reading.records import message_from

CODED = "{"  # begins a reason that is stored by its code
FAILED = (messages.c.status == text("'failed'"), func.length(messages.c.raw) > 0)  # without its text one is done with
AGAIN: dict[str, Any] = {
    "status": MessageStatus.RECEIVED.value,
    "attempts": 0,
    "error": None,
    "handled_at": None,
    "lease_owner": None,
    "lease_until": None,
}
RETRIED = frozenset({MessageStatus.FAILED, MessageStatus.MALFORMED})


async def count_by_reason(
    database: Database, column: Column[Any], *where: ColumnElement[bool] | TextClause
) -> list[tuple[str, int]]:
    """How many rows have a reason with the same heading, the most frequent first; one reason stands for all of them."""
    position = func.instr if database.is_sqlite else func.strpos
    sentence = func.substr(column, 1, position(column.concat(":"), ":") - 1)
    coded = func.substr(column, 1, 1) == literal(CODED)
    reason = type_coerce(case((coded, column), else_=sentence), column.type)
    query = select(reason.label("reason"), func.count().label("found")).where(*where).group_by(reason)
    rows = await database.rows(query)
    found: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for row in rows:
        said: str = row.reason or ""
        reasons.setdefault(heading(said), said)
        found[heading(said)] += row.found
    counted = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(reasons[head], count) for head, count in counted]


async def read_failed(database: Database) -> FailedMessages:
    """The messages that failed and can be received again.

    A reason ends at its colon: what follows may repeat a text.
    """
    found = await count_by_reason(database, messages.c.error, *FAILED)
    return FailedMessages(by_reason={heading(reason) or "no reason was kept": count for reason, count in found})


async def receive_failed_again(database: Database, operator: str | None = None) -> AsyncIterator[MessageRecord]:
    """Let all failed messages wait again that still have their text; gives them, oldest first."""
    after, again = 0, AGAIN | {"retried_by": operator}
    while True:
        async with database.write() as connection:
            some = (
                select(messages.c.seq).where(*FAILED, messages.c.seq > after).order_by(messages.c.seq).limit(TOGETHER)
            )
            seqs = (await connection.execute(some.with_for_update())).scalars().all()
            rows = (
                await connection.execute(
                    update(messages).where(messages.c.seq.in_(seqs)).values(again).returning(messages)
                )
            ).all()
        for row in sorted(rows, key=lambda row: int(row.seq)):
            yield message_from(row)
        if not seqs:
            return
        after = seqs[-1]


async def receive_again(
    database: Database,
    key: str,
    *,
    originator: str | None = None,
    destination: str | None = None,
    text: str | None = None,
    operator: str | None = None,
    check: Check = unchecked,
) -> None:
    """Let a failed message wait again, or a malformed one with what it lacks. ResponderError says why it can't."""
    ends = {"originator": originator, "destination": destination}
    async with database.write() as connection:
        row = (await connection.execute(select(messages).where(messages.c.key == key).with_for_update())).one()
        await check(connection)
        status = MessageStatus(row.status)
        if status not in RETRIED:
            raise _refusal(key, because("message_is", status=str(status)))
        if status is MessageStatus.FAILED and not row.raw:
            raise _refusal(key, because("text_gone"))
        given = {name: end for name, end in ends.items() if end and not getattr(row, name)}
        for name, option in (("originator", "--from"), ("destination", "--to")):
            if ends[name] and name not in given:
                raise _refusal(key, because("has_its_own", field=name, option=option))
            if not getattr(row, name) and name not in given:
                raise _refusal(key, because("came_without", field=name, option=option))
        if text is not None and row.text:
            raise _refusal(key, because("has_its_own", field="text", option="--text"))
        given |= {} if text is None else {"text": text}
        await connection.execute(
            update(messages).where(messages.c.key == key).values(**AGAIN, **given, retried_by=operator)
        )


def _refusal(key: str, reason: str) -> ResponderError:
    return ResponderError(because("of_message", key=key, reason=reason))
