"""Patterns of rules, to begin from: what stands between « and » is where the cursor goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
HINTS = {  # by what they are about; they stay in the file, for whoever reads it next
    "words": {"en": "what people text", "it": "che cosa scrivono le persone"},
    "list": {
        "en": "one of the lists above; one with double_opt_in: true asks for a YES first",
        "it": "una delle liste qui sopra; con double_opt_in: true si chiede prima un SI",
    },
    "contains": {"en": "stands somewhere in the text", "it": "si trova in un punto qualunque del messaggio"},
    "confirm": {
        "en": "yes in all its forms, while an appointment is open",
        "it": "il sì in tutte le sue forme, quando un appuntamento aspetta risposta",
    },
    "rest": {"en": "what follows is {{ rest }}", "it": "quello che segue è {{ rest }}"},
    "webhook": {"en": "one of the systems under webhooks", "it": "uno dei sistemi sotto webhooks"},
    "until": {
        "en": "the last day; the first, if it is to come, is since",
        "it": "l'ultimo giorno; il primo, se deve ancora venire, è since",
    },
    "once": {"en": "one prize a person in this time", "it": "un solo premio a persona in questo tempo"},
    "over": {
        "en": "answers when the last day is over, and while the rule above is paused: the prizes are gone",
        "it": "risponde dopo l'ultimo giorno, e quando la regola qui sopra è in pausa: i premi sono finiti",
    },
}
LASTS = timedelta(days=60)  # a campaign, until somebody writes another day
TEXTS = {
    "join": """
  - name: «{name}»
    when:
      text: {words}   # {hint[words]}
    then:
      - subscribe: {list}   # {hint[list]}
      - reply: {reply}
    examples:
      match: {examples}
""",
    "answer": """
  - name: «{name}»
    when:
      contains: {words}   # {hint[contains]}
    then:
      - reply: {reply}
    examples:
      match: {examples}
""",
    "confirm": """
  - name: «{name}»
    when: {{answer: confirm}}   # {hint[confirm]}
    then:
      - appointment: confirm
      - reply: {reply}
    examples:
      match: {examples}
""",
    "call": """
  - name: «{name}»
    when: {{starts_with: {words}}}   # {hint[rest]}
    then:
      - webhook: {webhook}   # {hint[webhook]}
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
CAMPAIGN = """
  - name: {name}
    when:
      text: {words}   # {hint[words]}
      until: {until}   # {hint[until]}
    then:
      - subscribe:
          list: {name}
          already: {already}
      - reply:
          text: {reply}
          once_per: 365d   # {hint[once]}
    examples:
      match: {examples}

  - name: {name}-over   # {hint[over]}
    when:
      text: {words}
    then:
      - reply: {over}
    examples:
      match: {examples}

  - name: {name}-off
    when:
      text: {off_words}
    then:
      - unsubscribe: {name}
      - reply: {off}
    examples:
      match: {off_examples}
"""
LIST_OF_CAMPAIGN = '{name}: {{title: "{title}", double_opt_in: true}}'
WORDS = {
    "campaign": {"it": "Estate", "en": "Summer"},
    "off": {"it": "Estate OFF", "en": "Summer OFF"},
    "join": {"it": "Notizie ON", "en": "Updates ON"},
    "answer": {"it": "parcheggio", "en": "parking"},
    "call": {"it": "ordine", "en": "order"},
    "person": {"it": "chiamatemi", "en": "call me"},
}
REPLIES = {
    "campaign": {
        "it": "Un gelato per te! Mostra questo SMS alla cassa. ESTATE OFF per uscire.",
        "en": "An ice cream for you! Show this text at the till. SUMMER OFF to leave.",
    },
    "already": {
        "it": "Hai già il tuo gelato: cerca il nostro SMS.",
        "en": "You have your ice cream: look for our text.",
    },
    "over": {"it": "La promozione è finita. Grazie!", "en": "This offer is over. Thank you!"},
    "off": {"it": "Non ti scriveremo più dell'estate.", "en": "We will not write to you about the summer any more."},
    "join": {"it": "Ti scriveremo. STOP per uscire.", "en": "We will write to you. STOP to leave."},
    "answer": {"it": "Il parcheggio è dietro la casa.", "en": "You can park behind the house."},
    "confirm": {"it": "Grazie, a presto.", "en": "Thank you, see you then."},
    "person": {"it": "Ti chiameremo.", "en": "We will call you."},
}
EXAMPLES = {
    "off": {"it": "estate off", "en": "Summer off!"},
    "campaign": {"it": "estate!", "en": "Summer"},
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A list that asks back, with rules to join it until a day, to hear that it is over, and to leave it."""

    list_entry: str
    rules: str


def snippets_for(rules: Rules, reader: str) -> list[Snippet]:
    """The patterns in the languages of a file, with its lists and systems, each under a name that is free.

    Hints are in the reader's language.
    """
    return [Snippet(sentence=SENTENCES[kind], text=_filled(kind, rules, reader)) for kind in SENTENCES]


def campaign_for(rules: Rules, text: str, reader: str, now: datetime) -> Campaign:
    """A campaign in the languages of a file, under a name that neither the file nor the draft's text has."""
    spoken = _spoken(rules)
    name = next(
        one
        for one in chain(["summer"], (f"summer-{number}" for number in count(2)))
        if one not in rules.lists and not {one, f"{one}-over", f"{one}-off"} & rules.by_name.keys() and one not in text
    )
    filled = CAMPAIGN.format(
        name=name,
        words=_of_languages(WORDS["campaign"], spoken),
        off_words=_of_languages(WORDS["off"], spoken),
        until=f"{now.astimezone(rules.zone) + LASTS:%Y-%m-%d}",
        reply=_of_languages(REPLIES["campaign"], spoken, quotes='"'),
        already=_of_languages(REPLIES["already"], spoken, quotes='"'),
        over=_of_languages(REPLIES["over"], spoken, quotes='"'),
        off=_of_languages(REPLIES["off"], spoken, quotes='"'),
        examples=_examples("campaign", spoken),
        off_examples=_examples("off", spoken),
        hint=_hints(reader),
    )
    title = WORDS["campaign"][spoken[0]]
    return Campaign(list_entry=LIST_OF_CAMPAIGN.format(name=name, title=title), rules=filled)


def _filled(kind: str, rules: Rules, reader: str) -> str:
    spoken = _spoken(rules)
    return TEXTS[kind].format(
        name=_free(NAMES[kind], rules),
        words=_of_languages(WORDS.get(kind, {}), spoken),
        reply=_of_languages(REPLIES.get(kind, {}), spoken, quotes='"'),
        examples=_examples(kind, spoken),
        list=next(iter(rules.lists), "news"),
        webhook=next(iter(rules.webhooks), "crm"),
        hint=_hints(reader),
    )


def _spoken(rules: Rules) -> list[str]:
    return [language for language in rules.languages if language in REPLIES["join"]] or [AT_LEAST]


def _examples(kind: str, spoken: list[str]) -> str:
    return "[" + ", ".join(f'"{EXAMPLES[kind][language]}"' for language in spoken) + "]"


def _hints(reader: str) -> Mapping[str, str]:
    return {about: said.get(reader, said[AT_LEAST]) for about, said in HINTS.items()}


def _free(name: str, rules: Rules) -> str:
    return next(one for one in chain([name], (f"{name}-{number}" for number in count(2))) if one not in rules.by_name)


def _of_languages(texts: Mapping[str, str], spoken: list[str], quotes: str = "") -> str:
    said = {language: f"{quotes}{texts[language]}{quotes}" for language in spoken if language in texts}
    if len(said) <= 1:
        return next(iter(said.values()), "")
    return "{" + ", ".join(f"{language}: {text}" for language, text in said.items()) + "}"
