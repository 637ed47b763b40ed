"""language: remember which of the file's languages the originator uses.

then:
  - language: it
"""

from collections.abc import Iterator
from dataclasses import dataclass

from responder.core.contact.effects import Effect, SetLanguage
from responder.core.rules.actions import Action, Context, LanguageName, action


@action("language")
@dataclass(frozen=True, kw_only=True)
class LanguageAction(Action):
    language: LanguageName

    def effects(self, context: Context) -> Iterator[Effect]:
        yield SetLanguage(language=self.language)
