"""Messages from a phone (MO), as they come in and as they are kept."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

KEY_LENGTH = 32  # hexadecimal digits of a message key: 128 bits
LONGEST_TIME = 40  # characters of a time that are looked at
TIME_DIGITS = 8  # of a key that tell the second, where the message has a time; 96 bits are left to tell messages apart
NO_TIME = "0" * TIME_DIGITS


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
    came_after: datetime | None = None
    """The arrival of an earlier message, if that is later by our clock, which has been set back since."""

    @property
    def order_at(self) -> datetime:
        """The earlier of SIM time and arrival, so that no clock ahead of ours makes a word newer than it is."""
        arrival = self.came_after or self.received_at
        return min(self.sent_at, arrival) if self.sent_at else arrival


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


def dated_key(date_time: str, key: str) -> str:
    """The key with the second of the message before it, so that the index grows at its end.

    Keys in no order would touch a page of the index for each message: more than all else that storing one costs.

    >>> dated_key("20260408143052", "ab" * 16), dated_key("20260408143053", "12" * 16)
    ('69d6669cabababababababababababab', '69d6669d121212121212121212121212')
    """
    return (_second(date_time[:LONGEST_TIME]) + key)[:KEY_LENGTH]


@lru_cache(maxsize=1000)
def _second(date_time: str) -> str:
    """The second as digits that grow with it, in whatever zone the gateway wrote it; zeros if it cannot be read.

    Kept, since in a busy second many messages have the same.
    """
    digits = "".join(filter(str.isdecimal, date_time))[:14]  # without a fraction or an offset
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return NO_TIME
    return f"{int(moment.timestamp()) & 0xFFFFFFFF:08x}"


def text_for_key(text: str) -> str:
    """The text as the key sees it, without the blanks and line breaks that a channel adds.

    >>> text_for_key(" News\\r\\n  ON ")
    'News ON'
    """
    return " ".join(text.split())
