"""What is left of the money that the gateway sends for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """The last answer of a gateway, when it came, and why a later question has none; without an answer there is no amount."""

    gateway: str
    amount: Decimal | None = None
    told_at: datetime | None = None
    failure: str | None = None


def in_cents(amount: Decimal) -> str:
    """An amount for people, never more than it is.

    >>> in_cents(Decimal("10.329"))
    '10.32'
    """
    return str(amount.quantize(CENT, ROUND_DOWN))
