"""How often a rule may apply to an originator, or a reply may go to them."""

from dataclasses import dataclass
from datetime import timedelta

from responder.core.rules.situation import Situation
from responder.core.sms.durations import in_short


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMostOnce:
    """Something happens to an originator at most once in a period. ``of`` is the name of what is used then."""

    of: str
    period: timedelta

    def left(self, situation: Situation) -> timedelta | None:
        """How long it may not happen yet.

        None if it may. A message that is handled late, after a newer one, has to wait as well.
        """
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
        return None if left is None else f"in cooldown: {in_short(self.once.period)}, {in_short(left)} of it left"
