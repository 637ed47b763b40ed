"""The consent ledger's chain: each event has the previous one's hash, and a key seals the head."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Self

GENESIS = "0" * 64  # what the first event carries
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)  # of an event
PERSONAL = ("originator", "destination", "text", "folded", "wording", "operator", "reason")
"""The fields that an erasure removes: the chain holds a salted commitment to them, so it verifies without them."""
NOT_HASHED = frozenset((*PERSONAL, "salt", "hash", "previous_hash"))
Named = tuple[str, str]
"""A field, and how it begins in what is hashed."""


def _in_order(names: Iterable[str]) -> Sequence[Named]:
    return [(name, f'"{name}":') for name in sorted(names)]


_PERSONAL_IN_ORDER = _in_order(PERSONAL)
_WRITTEN = re.compile("([0-9]{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Where the chain ends: how many events there are, and the hash of the last one."""

    count: int = 0
    hash: str = GENESIS

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The head that was written down so; None if it is none.

        >>> Head.read(str(Head(count=7, hash=GENESIS))) == Head(count=7, hash=GENESIS)
        True
        """
        found = _WRITTEN.fullmatch(text)
        return cls(count=int(found[1]), hash=found[2]) if found else None

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"

    def seal(self, secret: bytes) -> str:
        """The keyed proof that this is the end, so that nobody cuts the tail unseen."""
        return hmac.digest(secret, f"ledger-head:{self.count}:{self.hash}".encode(), hashlib.sha256).hex()


def commitment(salt: str, event: Mapping[str, Any]) -> str:
    """The salted digest that stands for the personal fields of an event."""
    return _digest(salt, _PERSONAL_IN_ORDER, event)


def chained_hash(previous_hash: str, event: Mapping[str, Any]) -> str:
    """The hash of an event: over the one before, its commitment, and every field that is not personal."""
    return _digest(previous_hash, _hashed(tuple(event)), event)


@lru_cache(maxsize=16)
def _hashed(names: tuple[str, ...]) -> Sequence[Named]:
    return _in_order(name for name in names if name not in NOT_HASHED)


def number_hash(secret: bytes, number: str) -> str:
    """The keyed digest that stands for an erased number; without the key, trying all numbers would find it."""
    return hmac.digest(secret, f"erased:{number}".encode(), hashlib.sha256).hex()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A place where the ledger is not as it was written."""

    seq: int
    what: str


class Chain:
    """Checks the ledger event by event, behind a head, and yields its faults. Times are the texts that were hashed."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self._hashed: Sequence[Named] = ()
        self._without_salt: set[int] = set()
        self._erased: set[int] = set()

    def follow(self, event: Mapping[str, Any]) -> Iterator[Fault]:
        """The faults of the next event, in the order of ``seq``; all have the same fields."""
        seq = int(event["seq"])
        if seq != self.head.count + 1:
            yield Fault(
                seq=self.head.count + 1, what=f"{_missing(self.head.count + 1, seq - 1)}, the next there is {seq}"
            )
        elif event["previous_hash"] != self.head.hash:
            yield Fault(seq=seq, what="it does not follow the event before it: one of the two was changed or put there")
        self._hashed = self._hashed or _hashed(tuple(event))
        if event["hash"] != _digest(event["previous_hash"], self._hashed, event):
            yield Fault(seq=seq, what="it was changed: its hash does not fit its fields")
        if event["salt"] is None:
            self._without_salt.add(seq)
        elif event["commitment"] != commitment(event["salt"], event):
            yield Fault(seq=seq, what="it was changed: its number, text or wording does not fit its commitment")
        if event["erases"]:
            self._erased.update(json.loads(event["erases"]))
        self.head = Head(count=seq, hash=event["hash"])

    def end(self, stored: Head) -> Iterator[Fault]:
        """The faults that show at the end, where the stored head tells how far the ledger went."""
        for seq in sorted(self._without_salt - self._erased):
            yield Fault(seq=seq, what="its number and text are gone, and no erasure names it")
        if self.head.count < stored.count:
            yield Fault(
                seq=self.head.count + 1, what=f"{_missing(self.head.count + 1, stored.count)}: the end was cut off"
            )
        elif self.head != stored:
            yield Fault(
                seq=stored.count,
                what="the last event is not the one that was sealed: it was changed, or events were put after it",
            )


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def _digest(prefix: str, names: Iterable[Named], event: Mapping[str, Any]) -> str:
    """The digest of the fields that have a value, so a column added later changes no hash.

    They are written as ``CANONICAL`` does, which takes several times as long for one by itself.
    """
    fields = [
        begin + (encode_basestring(value) if value.__class__ is str else _written(value))
        for name, begin in names
        if (value := event.get(name)) is not None
    ]
    return hashlib.sha256(f"{prefix}\n{{{','.join(fields)}}}".encode("utf-8", "replace")).hexdigest()


def _written(value: object) -> str:
    return int.__repr__(value) if value.__class__ is int else CANONICAL.encode(value)
