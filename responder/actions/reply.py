"""reply: send the originator a text of at most ``max_segments``, no more often than ``once_per`` says.
With a ``delay`` it waits, and leaves outside quiet hours; where it cannot leave within ``valid_for``, it is dropped.

then:
  - reply: {text: "How did you like it? One word is enough.", delay: 2h, valid_for: 1h, once_per: 7d, max_segments: 1}
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from responder.core.contact.effects import VALID_FOR, Effect, RecordUse, Reply, WebhookCall
from responder.core.contact.reasons import because
from responder.core.rules.actions import Action, Context, Delay, Segments, action
from responder.core.rules.conditions import AtMostOnce
from responder.core.rules.template import Template, Texts
from responder.core.sms.text import cut
from responder.core.sms.times import in_short

MAX_SEGMENTS = Segments(3)
OF_THE_FILE = frozenset({"list"})  # values that no message changes


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
            yield RecordUse(of=self.once_per.of, by_reply=True)

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        reply = self._reply(context.pick(self.text), context)
        why = self._why_not_again(context)
        yield replace(reply, held_back=why) if why else reply

    def _reply(self, template: Template, context: Context) -> Reply:
        """The reply; one that says the same to everybody is made once."""
        if not template.names <= OF_THE_FILE:
            return self._made(template, context)
        key = (template.source, context.list)
        if key not in self._ready:
            self._ready[key] = self._made(template, context)
        return self._ready[key]

    @cached_property
    def _ready(self) -> dict[tuple[str, str | None], Reply]:
        return {}

    def _made(self, template: Template, context: Context) -> Reply:
        uses = (self.once_per.of,) if self.once_per else ()
        reply = Reply(text=context.fill(template), delay=self.delay, valid_for=self.valid_for, uses=uses)
        if reply.segments <= self.max_segments:
            return reply
        return replace(reply, text=cut(reply.text, self.max_segments), note=f"cut to max_segments: {self.max_segments}")

    def _why_not_again(self, context: Context) -> str | None:
        left = self.once_per and self.once_per.left(context.situation)
        if not self.once_per or not left:
            return None
        why = because("once_per", period=in_short(self.once_per.period), left=in_short(left))
        return because("not_sent", reason=why)
