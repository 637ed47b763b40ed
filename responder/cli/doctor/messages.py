"""What doctor says of messages that failed, and of the gateway's clock."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from responder.cli.doctor.findings import Finding, Level
from responder.store.operations.arrivals import read_clock_offset
from responder.store.reading.failed_messages import read_failed
from responder.wiring import Store

REMEDY = "see 'responder messages list --status failed', mend it, then run 'responder messages retry --status failed'"


async def messages_and_clock(store: Store, zone: ZoneInfo) -> AsyncIterator[Finding]:
    """The findings; none of a clock of which too few texts tell. Raises StorageError."""
    failed = await read_failed(store.database)
    if failed.count:
        text = f"{failed.count} could not be handled: {failed.reasons}; {REMEDY}"
        yield Finding(check="messages", level=Level.ERROR, text=text)
    clock = await read_clock_offset(store.database, zone)
    if clock.is_off:
        yield Finding(check="clock", level=Level.ERROR, text=clock.sentence)
    elif clock.median is not None:
        text = f"the gateway's times fit: the last texts arrived {max(clock.median, timedelta()).total_seconds():.0f} s after them"
        yield Finding(check="clock", level=Level.OK, text=text)
