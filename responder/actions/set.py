"""set: remember something about the originator, for replies and webhooks.

then:
  - set: {name: "{{ rest }}"}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from responder.core.contact.effects import Effect, SetField
from responder.core.rules.actions import Action, Context, FieldName, action
from responder.core.rules.template import Template

LONGEST_VALUE = 200  # characters


@action("set")
@dataclass(frozen=True, kw_only=True)
class SetAction(Action):
    fields: Mapping[FieldName, Template]

    def effects(self, context: Context) -> Iterator[Effect]:
        for name, template in self.fields.items():
            yield SetField(name=name, value=context.fill(template)[:LONGEST_VALUE])
