"""Messages that failed: how many there are, and why."""

from sqlalchemy import ColumnElement, func, literal_column, select, text

from responder.core.failed import FailedMessages
from responder.store.database import Database
from responder.store.tables import messages

FAILED = (messages.c.status == text("'failed'"), func.length(messages.c.raw) > 0)  # without its text one is done with


async def read_failed(database: Database) -> FailedMessages:
    """The messages that failed and can be received again. Raises StorageError.

    A reason ends at its colon: what follows may repeat a text.
    """
    position = "instr" if database.is_sqlite else "strpos"
    reason: ColumnElement[str] = literal_column(f"substr(error, 1, {position}(error || ':', ':') - 1)")
    query = select(reason.label("reason"), func.count().label("found")).where(*FAILED).group_by(reason).order_by(reason)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return FailedMessages(by_reason={row.reason or "no reason was kept": row.found for row in rows})
