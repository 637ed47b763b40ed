"""Short ways to make the values that tests are about."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from responder.core.contact.effects import Purpose, Step, StepKind
from responder.core.operations.troubles import MailboxReport, MailboxState
from responder.core.sms.message import Channel, Inbound, MessageStatus
from tests.conftest import NOON

ANNA, BRUNO, SHOP = "+393301234567", "+393307654321", "+393331234333"
_numbers = itertools.count(1)


def inbound(
    text: str = "News ON",
    originator: str = ANNA,
    *,
    sent: datetime | None = None,
    received: datetime = NOON,
    **other: Any,
) -> Inbound:
    """A message as a channel hands it in; each has a key of its own unless one is given."""
    fields: dict[str, Any] = {
        "key": f"{next(_numbers):032x}",
        "channel": Channel.WEBHOOK,
        "gateway": "agile",
        "originator": originator,
        "destination": SHOP,
        "text": text,
        "date_time": "20261123130000",
        "sent_at": sent,
        "received_at": received,
        "raw": b"raw",
        "status": MessageStatus.RECEIVED,
    }
    return Inbound(**(fields | other))


def mailbox_report(**other: Any) -> MailboxReport:
    """What an intake says that has its mailbox open and has taken nothing in."""
    fields: dict[str, Any] = {
        "name": "m1",
        "place": "imaps://mail.example.com:993/INBOX",
        "state": MailboxState.CONNECTED,
        "reason": None,
        "last_mail_at": None,
        "lag_s": None,
        "taken": 0,
        "malformed": 0,
    }
    return MailboxReport(**(fields | other))


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)


def reply_step(key: str = "k-1", originator: str = ANNA, **other: Any) -> Step:
    """A reply as a step."""
    fields: dict[str, Any] = {
        "key": key,
        "message_key": key.partition("-")[0],
        "kind": StepKind.REPLY,
        "originator": originator,
        "to": originator,
        "sender": SHOP,
        "content": "Hello",
        "purpose": Purpose.ANSWER,
        "segments": 1,
        "expires_at": None,
    }
    return Step(**(fields | other))
