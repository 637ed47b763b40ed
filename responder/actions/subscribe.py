"""subscribe: put the originator on a list, for good or for a while; if already on it, only send ``already``.

then:
  - subscribe: {list: news, for: 90d, already: "You get our news already."}
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from responder.core.contact.effects import Effect, Reply, Subscribe, WebhookCall
from responder.core.rules.actions import Action, Context, ListName, action
from responder.core.rules.template import Texts


@action("subscribe")
@dataclass(frozen=True, kw_only=True)
class SubscribeAction(Action):
    list: ListName
    lasts: timedelta | None = field(default=None, metadata={"setting": "for"})
    already: Texts | None = None
    list_field: ClassVar[str | None] = "list"

    @property
    def joins(self) -> str:
        return self.list

    def effects(self, context: Context) -> Iterator[Effect]:
        yield Subscribe(list=self.list, lasts=self.lasts)

    def steps(self, context: Context) -> Iterator[Reply | WebhookCall]:
        if self.already and context.situation.known.subscribed(self.list):
            yield Reply(text=context.fill(context.pick(self.already)), is_instead=True)
