"""When a reply leaves, and until when it is of use."""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from responder.core.effects import VALID_FOR, Reply, WebhookCall
from responder.core.quiet import QuietHours, quiet_until

D = TypeVar("D", Reply, WebhookCall, Reply | WebhookCall)


def timed(draft: D, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> D:
    """The draft; a reply with the time at which it leaves, if it is a later one and then outside quiet hours, and with the end of its use.

    >>> from datetime import UTC, timedelta
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), datetime(2026, 12, 1, 12, tzinfo=UTC), None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), later.expires_at.isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if isinstance(draft, WebhookCall):
        awaited = draft.awaited and replace(draft.awaited, zone=str(zone), expires_at=now + VALID_FOR)
        return replace(draft, awaited=awaited)
    return draft if draft.expires_at else _timed(draft, now, quiet, zone)


def _timed(reply: Reply, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> Reply:
    leaves_at = now + reply.delay if reply.delay else None
    if leaves_at:
        leaves_at = quiet_until(leaves_at, quiet, zone) or leaves_at
    return replace(reply, leaves_at=leaves_at, expires_at=(leaves_at or now) + reply.valid_for)
