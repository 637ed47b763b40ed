"""hand_off: ask a person to look at the message; with ``pause``, answer nothing else until it ends or they are done.

then:
  - hand_off: {reason: unrecognised, pause: 2h}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from responder.core.contact.effects import Effect, OpenHandOff
from responder.core.rules.actions import Action, Context, action


@action("hand_off")
@dataclass(frozen=True, kw_only=True)
class HandOffAction(Action):
    reason: str
    pause: timedelta | None = None

    def effects(self, context: Context) -> Iterator[Effect]:
        yield OpenHandOff(reason=self.reason, pause=self.pause)
