"""When a reply leaves, and until when it is of use."""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from responder.core.effects import Reply, WebhookCall
from responder.core.quiet import QuietHours, quiet_until

D = TypeVar("D", Reply, WebhookCall, Reply | WebhookCall)


def timed(draft: D, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> D:
    """The draft; a reply with the time at which it leaves, if it is a later one and then outside quiet hours, and with the end of its use.

    >>> from datetime import UTC, timedelta
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), datetime(2026, 12, 1, 12, tzinfo=UTC), None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), later.expires_at.isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if not isinstance(draft, Reply) or draft.expires_at:
        return draft
    leaves_at = now + draft.delay if draft.delay else None
    if leaves_at:
        leaves_at = quiet_until(leaves_at, quiet, zone) or leaves_at
    return replace(draft, leaves_at=leaves_at, expires_at=(leaves_at or now) + draft.valid_for)
