"""reply: send the originator a text, at most so many segments long, and to each number no more often than ``once_per`` says.
With a ``delay`` it waits, and leaves outside quiet hours; where it cannot leave within ``valid_for``, it is dropped.

then:
  - reply: {text: "How did you like it? One word is enough.", delay: 2h, valid_for: 1h, once_per: 7d, max_segments: 1}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from responder.core.actions import Action, Context, Delay, Segments, action
from responder.core.effects import VALID_FOR, Effect, RecordUse, Reply, WebhookCall
from responder.core.segments import cut
from responder.core.template import Texts
from responder.core.uses import AtMostOnce, in_words

MAX_SEGMENTS = Segments(3)


@action("reply")
@dataclass(frozen=True, kw_only=True)
class ReplyAction(Action):
    text: Texts
    max_segments: Segments = MAX_SEGMENTS
    once_per: AtMostOnce | None = None
    delay: Delay | None = None
    valid_for: timedelta = VALID_FOR

    def effects(self, context: Context) -> Iterator[Effect]:
        if self.once_per and self.once_per.left(context.situation) is None:
            yield RecordUse(of=self.once_per.of)

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        rendered = self.text.pick(*context.languages).render(context.values)
        text = cut(rendered, self.max_segments)
        note = None if text == rendered else f"cut to max_segments: {self.max_segments}"
        yield Reply(text=text, note=note, held_back=self._why_not_again(context), delay=self.delay, valid_for=self.valid_for)

    def _why_not_again(self, context: Context) -> str | None:
        left = self.once_per and self.once_per.left(context.situation)
        return f"not sent: once per {in_words(self.once_per.period)}, {in_words(left)} of it left" if self.once_per and left else None
