"""Values as rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from responder.core.effects import Purpose, Step, StepStatus

Rows = list[dict[str, Any]]


def step_rows(wanted: Iterable[Step], now: datetime) -> Rows:
    """Steps as rows, queued, and due at once or when they are to leave."""
    return [
        {
            "key": step.key,
            "message_key": step.message_key,
            "kind": step.kind,
            "originator": step.originator,
            "recipient": step.to,
            "sender": step.sender,
            "content": step.content,
            "purpose": step.purpose,
            "segments": step.segments,
            "expires_at": step.expires_at,
            "arrived_at": step.arrived_at,
            "status": StepStatus.QUEUED,
            "attempts": 0,
            "next_attempt_at": max(now, step.leaves_at or now),
            "keeps_quiet": step.leaves_at is not None or step.purpose is Purpose.REMINDER,
            "created_at": now,
            "updated_at": now,
        }
        for step in wanted
    ]
