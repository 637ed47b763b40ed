"""Receiving a message again that could not be handled, once a person has seen to it."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import select, update

from responder.core.message import MessageStatus
from responder.core.records import MessageRecord
from responder.errors import ResponderError
from responder.store.database import Database
from responder.store.failed import FAILED
from responder.store.records import message_from
from responder.store.revisions import TOGETHER
from responder.store.tables import messages

AGAIN: dict[str, Any] = {
    "status": MessageStatus.RECEIVED.value,
    "attempts": 0,
    "error": None,
    "handled_at": None,
    "lease_owner": None,
    "lease_until": None,
}
RETRIED = frozenset({MessageStatus.FAILED, MessageStatus.MALFORMED})


async def receive_failed_again(database: Database) -> AsyncIterator[MessageRecord]:
    """Let all failed messages wait again that still have their text, oldest first, and give them as they are then. Raises StorageError."""
    after = 0
    while True:
        async with database.write() as connection:
            some = (
                select(messages.c.seq).where(*FAILED, messages.c.seq > after).order_by(messages.c.seq).limit(TOGETHER)
            )
            seqs = (await connection.execute(some.with_for_update())).scalars().all()
            rows = (
                await connection.execute(
                    update(messages).where(messages.c.seq.in_(seqs)).values(AGAIN).returning(messages)
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
) -> None:
    """Let a failed message wait again, or a malformed one with what it lacks; ResponderError says why that cannot be. Raises StorageError."""
    ends = {"originator": originator, "destination": destination}
    async with database.write() as connection:
        row = (await connection.execute(select(messages).where(messages.c.key == key).with_for_update())).one()
        status = MessageStatus(row.status)
        if status not in RETRIED:
            raise ResponderError(f"message {key}: it is {status}, only failed and malformed ones are received again")
        if status is MessageStatus.FAILED and not row.raw:
            raise ResponderError(
                f"message {key}: its text is gone, since it was kept long enough or its number was erased"
            )
        given = {name: end for name, end in ends.items() if end and not getattr(row, name)}
        for name, option in (("originator", "--from"), ("destination", "--to")):
            if ends[name] and name not in given:
                raise ResponderError(f"message {key}: it has its own {name}, leave {option} out")
            if not getattr(row, name) and name not in given:
                raise ResponderError(f"message {key}: it came without {name}, give it with {option}")
        if text is not None and row.text:
            raise ResponderError(f"message {key}: it has its own text, leave --text out")
        given |= {} if text is None else {"text": text}
        await connection.execute(update(messages).where(messages.c.key == key).values(**AGAIN, **given))
