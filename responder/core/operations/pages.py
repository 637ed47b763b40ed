"""What a list is narrowed to, a page of one, and the opaque names that a page or a person has in addresses."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from responder.core.contact.effects import AppointmentStatus, StepKind, StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import MessageStatus

R = TypeVar("R")
TAG, BLOCK = 8, 16  # bytes
LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
DIGITS = bytes.maketrans(b"abcdefghijklmnop", b"0123456789abcdef")
LETTERED = re.compile(r"[a-p]{16}(?:[a-p]{32}){1,16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFilter:
    """Which messages: ``list`` takes those that changed who is on it, ``unmatched`` those that nobody's rule met."""

    originator: str | None = None
    rule: str | None = None
    status: MessageStatus | None = None
    since: datetime | None = None
    before: datetime | None = None
    list: str | None = None
    unmatched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryFilter:
    """Which deliveries."""

    status: StepStatus | None = None
    kind: StepKind | None = None
    to: str | None = None
    message_key: str | None = None
    originator: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFilter:
    """Which subscribers."""

    list: str | None = None
    status: SubscriptionStatus | None = None
    originator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentFilter:
    """Which appointments: those that start from ``begin`` until before ``end``."""

    originator: str | None = None
    status: AppointmentStatus | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentFilter:
    """Which consent events: ``list`` takes those for all lists as well, ``as_of`` what was recorded until then."""

    originator: str | None = None
    list: str | None = None
    as_of: datetime | None = None
    before: datetime | None = None
    by_phrase: bool = False
    """Only opt-outs of everything that a phrase made, or a doubt."""


EVERY_MESSAGE, EVERY_DELIVERY, EVERY_SUBSCRIBER = MessageFilter(), DeliveryFilter(), SubscriberFilter()
EVERY_APPOINTMENT, EVERY_EVENT = AppointmentFilter(), ConsentFilter()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[R]):
    """Some records of a list, and after which name the next ones come; None where there are no more.

    ``looked_back_to`` is there where a search ended before the page was full: go on with ``next``.
    """

    items: tuple[R, ...]
    next: str | None
    looked_back_to: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """A request that came before under the same key: what it was, whether it was carried out, and about what.

    ``is_new``: it made what it is about.
    """

    digest: str
    is_done: bool
    subject: str
    is_new: bool


def sealed(secret: bytes, purpose: str, text: str) -> str:
    """A text as letters that only whoever has the secret can read or make; the same text, the same letters.

    >>> opened(b"secret", "person", sealed(b"secret", "person", "+393331234567"))
    '+393331234567'
    >>> sealed(b"secret", "person", "+393331234567").isalpha()
    True
    """
    plain = text.encode()
    plain += bytes(-len(plain) % BLOCK)
    tag = _tag(secret, purpose, plain)
    return (tag + _masked(secret, purpose, tag, plain)).hex().encode().translate(LETTERS).decode()


def opened(secret: bytes, purpose: str, letters: str) -> str | None:
    """The text that was sealed for this purpose; None if these letters were not made so.

    >>> opened(b"secret", "person", "abcd") is opened(b"other", "person", sealed(b"secret", "person", "x")) is None
    True
    """
    if not LETTERED.fullmatch(letters):
        return None
    whole = bytes.fromhex(letters.encode().translate(DIGITS).decode())
    tag, plain = whole[:TAG], _masked(secret, purpose, whole[:TAG], whole[TAG:])
    return plain.rstrip(b"\0").decode() if hmac.compare_digest(tag, _tag(secret, purpose, plain)) else None


def _tag(secret: bytes, purpose: str, plain: bytes) -> bytes:
    return hmac.digest(secret, f"{purpose} tag:".encode() + plain, hashlib.sha256)[:TAG]


def _masked(secret: bytes, purpose: str, tag: bytes, text: bytes) -> bytes:
    """The text under a key stream that its tag begins: applied twice, it is the text again."""
    blocks = (
        hmac.digest(secret, f"{purpose} {place}:".encode() + tag, hashlib.sha256)[:BLOCK]
        for place in range(-(-len(text) // BLOCK))
    )
    return bytes(one ^ other for one, other in zip(text, b"".join(blocks), strict=False))
