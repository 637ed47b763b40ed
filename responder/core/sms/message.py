"""Messages from a phone (MO), as they come in and as they are kept."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

KEY_LENGTH = 32  # hexadecimal digits of a message key: 128 bits


class Channel(StrEnum):
    """The way by which a message came in."""

    WEBHOOK = "webhook"
    MAIL = "mail"


class MessageStatus(StrEnum):
    """How far a message has come."""

    RECEIVED = "received"
    HANDLED = "handled"
    FAILED = "failed"
    MALFORMED = "malformed"


class Order(NamedTuple):
    """The place of a word among all that an originator said: the newer wins, by time and then by arrival."""

    at: datetime
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """A mobile-originated message (MO) on its way into the inbox.

    Addresses are canonical, the text is clean, times are UTC.
    """

    key: str
    channel: Channel
    gateway: str
    originator: str
    destination: str
    text: str
    date_time: str
    sent_at: datetime | None
    received_at: datetime
    raw: bytes
    status: MessageStatus = MessageStatus.RECEIVED

    @property
    def order_at(self) -> datetime:
        """The earlier of SIM time and arrival, so that no clock ahead of ours makes a word newer than it is."""
        return min(self.sent_at, self.received_at) if self.sent_at else self.received_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message in the inbox; ``order`` is its place among the words of its originator."""

    seq: int
    key: str
    channel: Channel
    gateway: str
    originator: str
    destination: str
    text: str
    sent_at: datetime | None
    received_at: datetime
    order: Order


def message_key(secret: bytes, *fields: str) -> str:
    """The key that names a message for ever: an HMAC over its fields.

    >>> message_key(b"s", "ab", "c") == message_key(b"s", "a", "bc")
    False
    """
    signed = "".join([f"{len(field.encode('utf-8', 'replace'))}:{field}" for field in fields])
    return hmac.new(secret, signed.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:KEY_LENGTH]


def text_for_key(text: str) -> str:
    """The text as the key sees it, without the blanks and line breaks that a channel adds.

    >>> text_for_key(" News\\r\\n  ON ")
    'News ON'
    """
    return " ".join(text.split())
