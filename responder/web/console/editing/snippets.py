"""Five patterns of a rule, to begin from: what stands between « and » is where the cursor goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count

from responder.core.rules.rules import Rules

SENTENCES = {
    "join": "Join a list",
    "answer": "Answer a question",
    "confirm": "Confirm an appointment",
    "call": "Call a system",
    "person": "Hand over to a person",
}
NAMES = {
    "join": "join",
    "answer": "parking",
    "confirm": "visit-confirmed",
    "call": "order",
    "person": "call-back",
}
TEXTS = {
    "join": """
  - name: «{name}»
    when:
      text: {words}   # what people text
      # until: 2027-08-31   # the last day of a campaign; its first is since
    # cooldown: 30d   # once a person in this time
    then:
      - subscribe: {list}   # one of the lists above; one with double_opt_in: true asks for a YES first
      - reply: {reply}
    examples:
      match: {examples}
""",
    "answer": """
  - name: «{name}»
    when:
      contains: {words}   # stands somewhere in the text
    then:
      - reply: {reply}
    examples:
      match: {examples}
""",
    "confirm": """
  - name: «{name}»
    when: {{answer: confirm}}   # yes in all its forms, while an appointment is open
    then:
      - appointment: confirm
      - reply: {reply}
    examples:
      match: {examples}
""",
    "call": """
  - name: «{name}»
    when: {{starts_with: {words}}}   # what follows is {{{{ rest }}}}
    then:
      - webhook: {webhook}   # one of the systems under webhooks
    examples:
      match: {examples}
""",
    "person": """
  - name: «{name}»
    when:
      contains: {words}
    then:
      - hand_off: wants a call
      - reply: {reply}
    examples:
      match: {examples}
""",
}
WORDS = {
    "join": {"it": "Notizie ON", "en": "Updates ON"},
    "answer": {"it": "parcheggio", "en": "parking"},
    "call": {"it": "ordine", "en": "order"},
    "person": {"it": "chiamatemi", "en": "call me"},
}
REPLIES = {
    "join": {"it": "Ti scriveremo. STOP per uscire.", "en": "We will write to you. STOP to leave."},
    "answer": {"it": "Il parcheggio è dietro la casa.", "en": "You can park behind the house."},
    "confirm": {"it": "Grazie, a presto.", "en": "Thank you, see you then."},
    "person": {"it": "Ti chiameremo.", "en": "We will call you."},
}
EXAMPLES = {
    "join": {"it": "notizie on", "en": "updates on"},
    "answer": {"it": "C'è un parcheggio?", "en": "Is there any parking?"},
    "confirm": {"it": "sì, grazie", "en": "ok"},
    "call": {"it": "ordine 12", "en": "order 12"},
    "person": {"it": "Chiamatemi domani", "en": "Please call me"},
}
AT_LEAST = "en"  # what a file gets that has neither of these languages


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippet:
    """A pattern with what its button is called."""

    sentence: str
    text: str


def snippets_for(rules: Rules) -> list[Snippet]:
    """The patterns in the languages of a file, with its lists and systems, each under a name that is free."""
    return [Snippet(sentence=SENTENCES[kind], text=_filled(kind, rules)) for kind in SENTENCES]


def _filled(kind: str, rules: Rules) -> str:
    spoken = [language for language in rules.languages if language in REPLIES["join"]] or [AT_LEAST]
    return TEXTS[kind].format(
        name=_free(NAMES[kind], rules),
        words=_of_languages(WORDS.get(kind, {}), spoken),
        reply=_of_languages(REPLIES.get(kind, {}), spoken, quotes='"'),
        examples="[" + ", ".join(f'"{EXAMPLES[kind][language]}"' for language in spoken) + "]",
        list=next(iter(rules.lists), "news"),
        webhook=next(iter(rules.webhooks), "crm"),
    )


def _free(name: str, rules: Rules) -> str:
    """A name that no rule has."""
    return next(one for one in chain([name], (f"{name}-{number}" for number in count(2))) if one not in rules.by_name)


def _of_languages(texts: Mapping[str, str], spoken: list[str], quotes: str = "") -> str:
    """A text for the one language of a file, or for each of several."""
    said = {language: f"{quotes}{texts[language]}{quotes}" for language in spoken if language in texts}
    if len(said) <= 1:
        return next(iter(said.values()), "")
    return "{" + ", ".join(f"{language}: {text}" for language, text in said.items()) + "}"
