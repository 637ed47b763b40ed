"""hand_off: ask a person to look at the message.

then:
  - hand_off: unrecognised
"""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.core.actions import Action, Context, action
from responder.core.effects import Effect, OpenHandOff


@action("hand_off")
@dataclass(frozen=True, kw_only=True)
class HandOffAction(Action):
    reason: str

    def effects(self, context: Context) -> Iterator[Effect]:
        yield OpenHandOff(reason=self.reason)
