"""How often: when a rule last applied to an originator, or a reply last went to them, and how long until it may again."""

from dataclasses import dataclass
from datetime import timedelta

from responder.core.rules.situation import Situation

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMostOnce:
    """Something happens to an originator at most once in a period; ``of`` is the name of what is used then."""

    of: str
    period: timedelta

    def left(self, situation: Situation) -> timedelta | None:
        """How long it may not happen yet; None if it may. A message that is handled late, after a newer one, has to wait as well."""
        used_at = situation.known.uses.get(self.of)
        if used_at is None or situation.now - used_at >= self.period:
            return None
        return used_at + self.period - situation.now


@dataclass(frozen=True, kw_only=True, slots=True)
class Cooldown:
    """The rule has not applied to the originator within a period."""

    once: AtMostOnce

    def refusal(self, situation: Situation) -> str | None:
        left = self.once.left(situation)
        return None if left is None else f"in cooldown: {in_words(self.once.period)}, {in_words(left)} of it left"


def in_words(length: timedelta) -> str:
    """A length of time as an operator writes it, in whole minutes and never less than one.

    >>> in_words(timedelta(days=7)), in_words(timedelta(hours=24)), in_words(timedelta(minutes=200, seconds=20))
    ('7d', '24h', '3h 21m')
    """
    hours, minutes = divmod(max(-(-length // MINUTE), 1), 60)
    days, hours = divmod(hours, 24) if hours >= 48 else (0, hours)
    return " ".join(f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if count)
