"""The consent ledger's chain: each event carries the hash of the one before, and the head is kept under a key."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64  # what the first event carries
PERSONAL = ("originator", "destination", "text", "folded", "wording", "operator", "reason")
"""The fields that an erasure removes: the chain holds a salted commitment to them, so it verifies without them."""


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
    return _digest(salt, {name: event.get(name) for name in PERSONAL})


def chained_hash(previous_hash: str, event: Mapping[str, Any]) -> str:
    """The hash of an event: over the one before, its commitment, and every field that is not personal."""
    left_out = (*PERSONAL, "salt", "hash", "previous_hash")
    return _digest(previous_hash, {name: value for name, value in event.items() if name not in left_out})


def _digest(prefix: str, fields: Mapping[str, Any]) -> str:
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(f"{prefix}\n{canonical}".encode("utf-8", "replace")).hexdigest()
