"""The section ``lists``: what people join and leave, and whether they are asked first."""

from functools import partial

from responder.core.rules.rules import List
from responder.core.rules.template import Names, Texts
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Reader, flag, is_empty, text
from responder.rulefile.reading.scope import ALL_LISTS, CONTACT, LIST, Scope

QUESTION: Names = {"list": LIST, "contact": CONTACT | {"name"}}
BUILT_IN = {  # in letters of the 7-bit alphabet
    "de": "Antworten Sie JA, um {{ list.title }} zu erhalten. Sonst tun Sie nichts.",
    "en": "Reply YES to get {{ list.title }}. If you did not ask for it, do nothing.",
    "es": "Responda SI para recibir {{ list.title }}. Si no, no haga nada.",
    "fr": "Répondez OUI pour recevoir {{ list.title }}. Sinon, ne faites rien.",
    "it": "Rispondi SI per ricevere {{ list.title }}. Se non l'hai chiesto, non fare nulla.",
    "nl": "Antwoord JA om {{ list.title }} te ontvangen. Anders hoeft u niets te doen.",
    "pl": "Odpisz TAK, aby otrzymywac {{ list.title }}. Inaczej nic nie rob.",
    "pt": "Responda SIM para receber {{ list.title }}. Caso contrario, ignore.",
    "ro": "Raspundeti DA pentru a primi {{ list.title }}. Altfel nu faceti nimic.",
}


def read_list(name: str, node: Node, reader: Reader, *, scope: Scope) -> List:
    """One of the lists; without a title it is called by its name. ``scope`` needs to know no lists yet."""
    if name == ALL_LISTS:
        reader.note(node.place, f"{ALL_LISTS!r} means every list, choose another name")
    built_in = Texts(
        {
            language: scope.templates.parse(BUILT_IN[language], QUESTION)
            for language in scope.languages
            if language in BUILT_IN
        }
    )
    if is_empty(node):
        return List(name=name, title=name, question=built_in)
    with reader.fields(node) as fields:
        title = fields.take("title", text, name)
        asks = fields.take("double_opt_in", flag, default=False)
        given = fields.node("question")
        if given is not None and not asks:
            reader.note(
                given.place, "'question' is asked by lists with 'double_opt_in: true' alone, add that or remove it"
            )
        question = (
            reader.attempt(partial(scope.texts, names=QUESTION, reader=reader), given, built_in) if given else built_in
        )
        return List(name=name, title=title, double_opt_in=asks, question=question)
