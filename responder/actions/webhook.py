"""webhook: call one of the file's webhooks, with ``data`` of the rule's own, and reply with what it answers.

then:
  - webhook: {to: crm, data: {source: sms}, reply: "{{ response.text }}", otherwise: "We call you.", max_segments: 1}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from responder.actions.reply import MAX_SEGMENTS
from responder.core.contact.effects import Awaited, Reply, WebhookCall
from responder.core.rules.actions import Action, Context, ResponseTexts, Segments, WebhookName, action
from responder.core.rules.template import Template, Texts
from responder.core.sms.text import cut


@action("webhook")
@dataclass(frozen=True, kw_only=True)
class WebhookAction(Action):
    to: WebhookName
    data: Mapping[str, Template] = field(default_factory=dict)
    reply: ResponseTexts | None = None
    otherwise: Texts | None = None
    max_segments: Segments = MAX_SEGMENTS

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        data = {name: context.fill(template) for name, template in self.data.items()}
        yield WebhookCall(to=self.to, data=data, awaited=self._awaited(self.reply, context) if self.reply else None)

    def _awaited(self, reply: Texts, context: Context) -> Awaited:
        picked = context.pick(reply)
        otherwise = context.fill(context.pick(self.otherwise)).strip() if self.otherwise else ""
        return Awaited(
            text=picked.source,
            values=context.values(picked.names),
            otherwise=cut(otherwise, self.max_segments) or None,
            max_segments=self.max_segments,
            languages=context.languages,
        )
