"""The consent ledger's chain: each event has the previous one's hash, and a key seals the head."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

GENESIS = "0" * 64  # what the first event carries
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)  # of an event
PERSONAL = ("originator", "destination", "text", "folded", "wording", "operator", "reason")
"""The fields that an erasure removes: the chain holds a salted commitment to them, so it verifies without them."""
_PERSONAL_IN_ORDER = sorted(PERSONAL)
NOT_HASHED = frozenset((*PERSONAL, "salt", "hash", "previous_hash"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Where the chain ends: how many events there are, and the hash of the last one."""

    count: int = 0
    hash: str = GENESIS

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
def _hashed(names: tuple[str, ...]) -> Sequence[str]:
    """Those of the fields that are hashed, in the order in which they are."""
    return sorted(name for name in names if name not in NOT_HASHED)


def number_hash(secret: bytes, number: str) -> str:
    """The keyed digest that stands for an erased number; without the key, trying all numbers would find it."""
    return hmac.digest(secret, f"erased:{number}".encode(), hashlib.sha256).hex()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A place where the ledger is not as it was written."""

    seq: int
    what: str


class Chain:
    """Checks the ledger event by event and yields its faults. Times are the texts that were hashed."""

    def __init__(self) -> None:
        self.head = Head()
        self._without_salt: set[int] = set()
        self._erased: set[int] = set()

    def follow(self, event: Mapping[str, Any]) -> Iterator[Fault]:
        """The faults of the next event, in the order of ``seq``."""
        seq = int(event["seq"])
        if seq != self.head.count + 1:
            yield Fault(
                seq=self.head.count + 1, what=f"{_missing(self.head.count + 1, seq - 1)}, the next there is {seq}"
            )
        elif event["previous_hash"] != self.head.hash:
            yield Fault(seq=seq, what="it does not follow the event before it: one of the two was changed or put there")
        if event["hash"] != chained_hash(event["previous_hash"], event):
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


def _digest(prefix: str, names: Iterable[str], event: Mapping[str, Any]) -> str:
    """The digest of the fields that have a value, so a column added later changes no hash."""
    fields = [f'"{name}":{_written(value)}' for name in names if (value := event.get(name)) is not None]
    return hashlib.sha256(f"{prefix}\n{{{','.join(fields)}}}".encode("utf-8", "replace")).hexdigest()


def _written(value: object) -> str:
    """A value as ``CANONICAL`` writes it, which takes several times as long for a text."""
    return encode_basestring(value) if value.__class__ is str else CANONICAL.encode(value)
