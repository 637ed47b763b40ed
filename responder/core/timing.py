"""When a reply leaves, and until when it is of use."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from responder.core.effects import VALID_FOR, Reply, WebhookCall
from responder.core.quiet import QuietHours, quiet_until


def timed(draft: Reply | WebhookCall, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> Reply | WebhookCall:
    """The draft; a reply that waits with the time at which it leaves, outside quiet hours.

    >>> from datetime import UTC, timedelta
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), datetime(2026, 12, 1, 12, tzinfo=UTC), None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), end_of_use(later, datetime(2026, 12, 1, 12, tzinfo=UTC)).isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if isinstance(draft, WebhookCall):
        return (
            replace(draft, awaited=replace(draft.awaited, zone=str(zone), expires_at=now + VALID_FOR))
            if draft.awaited
            else draft
        )
    if draft.expires_at or not draft.delay:
        return draft
    leaves_at = now + draft.delay
    return replace(draft, leaves_at=quiet_until(leaves_at, quiet, zone) or leaves_at)


def end_of_use(reply: Reply, now: datetime) -> datetime:
    """Until when a reply is of use that was made now."""
    return reply.expires_at or (reply.leaves_at or now) + reply.valid_for
