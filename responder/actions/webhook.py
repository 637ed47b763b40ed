"""webhook: call one of the file's webhooks, with data of the rule's own where it is given.

then:
  - webhook: {to: crm, data: {source: sms}}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from responder.core.actions import Action, Context, WebhookName, action
from responder.core.effects import Reply, WebhookCall
from responder.core.template import Template


@action("webhook")
@dataclass(frozen=True, kw_only=True)
class WebhookAction(Action):
    to: WebhookName
    data: Mapping[str, Template] = field(default_factory=dict)

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        yield WebhookCall(to=self.to, data={name: template.render(context.values) for name, template in self.data.items()})
