"""subscribe: put the originator on a list.

then:
  - subscribe: news
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from responder.core.actions import Action, Context, ListName, action
from responder.core.effects import Effect, Subscribe


@action("subscribe")
@dataclass(frozen=True, kw_only=True)
class SubscribeAction(Action):
    list: ListName
    list_field: ClassVar[str | None] = "list"

    @property
    def joins(self) -> str:
        return self.list

    def effects(self, context: Context) -> Iterator[Effect]:
        yield Subscribe(list=self.list)
