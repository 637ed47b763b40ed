"""unsubscribe: take the originator off a list, or off all of them.

then:
  - unsubscribe: news
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from responder.core.contact.effects import Effect, Unsubscribe
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.actions import Action, Context, ListOrAll, action


@action("unsubscribe")
@dataclass(frozen=True, kw_only=True)
class UnsubscribeAction(Action):
    list: ListOrAll
    list_field: ClassVar[str | None] = "list"

    def effects(self, context: Context) -> Iterator[Effect]:
        if self.list != "all":
            yield Unsubscribe(list=self.list)
            return
        for _, subscription in sorted(context.situation.known.subscriptions.items()):
            if subscription.status is not SubscriptionStatus.UNSUBSCRIBED:
                yield Unsubscribe(list=subscription.list)
