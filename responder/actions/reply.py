"""reply: send the originator a text.

then:
  - reply: "We are open Monday to Friday, 9 to 18."
"""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.core.actions import Action, Context, action
from responder.core.effects import Reply, WebhookCall
from responder.core.template import Texts


@action("reply")
@dataclass(frozen=True, kw_only=True)
class ReplyAction(Action):
    text: Texts

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        yield Reply(text=self.text.pick(*context.languages).render(context.values))
