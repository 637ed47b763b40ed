"""The built-in words are those that were published or proposed for each language, and none stands in another's way."""

from importlib import resources
from itertools import combinations, permutations

import pytest

from responder.core.recognition.packs import ALWAYS, Answer, Pack
from responder.core.recognition.phrases import Phrases, expression, spaced, spellings
from responder.core.recognition.vocabulary import vocabulary
from responder.core.sms.text import fold, size
from responder.errors import RulesError
from responder.rulefile import load_packs
from responder.rulefile.reading.included import PHRASES, WORDS, read_pack
from responder.rulefile.reading.nodes import Mapping, Node, Scalar, Sequence, read_nodes
from tests.planning import appointment, known, one_rule, plan, rules

PACKS = load_packs()
LANGUAGES = sorted(PACKS.keys() - {ALWAYS})

OPT_OUT = {
    "all": "STOP",
    "en": "STOPALL|STOP ALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT|OPT OUT|OPT-OUT|UNSUB|REMOVE"
    "|OPT ME OUT|PLEASE OPT ME OUT|UNSUBSCRIBE ME|REMOVE ME",
    "it": "DISISCRIVI|DISISCRIVIMI|DISISCRIZIONE|CANCELLA ISCRIZIONE|ANNULLA ISCRIZIONE|CANCELLAMI|CANCELLATEMI|TOGLIETEMI|BASTA|CANCELLA",
    "fr": "ARRÊT|ARRETE|ARRETT|DÉSABONNER|DESABONNEMENT|DESINSCRIPTION",
    "es": "DETENER|SALIR|BAJA|CANCELAR|PARAR|DARME DE BAJA",
    "pt": "PARAR|CANCELAR|PARE|SAIR|DESCADASTRAR|REMOVER",
    "de": "STOPP|ABMELDEN|ABBESTELLEN|AUSTRAGEN",
    "nl": "STOPPEN|AFMELDEN|UITSCHRIJVEN",
    "pl": "REZYGNACJA|WYPISZ|WYPISZ SIĘ|ANULUJ SUBSKRYPCJĘ|Rezygnuję",
    "ro": "DEZABONARE|DEZABONEAZĂ|RENUNȚĂ",
}
OPT_IN = {
    "all": "START",
    "en": "UNSTOP|YES|SUBSCRIBE|RESUME|JOIN",
    "fr": "NONARRET|OUI|DÉBUT",
    "es": "VOLVER|RECIBIR|ALTA",
    "pt": "VOLTAR|RECEBER|REATIVAR",
}
OPT_IN |= {"it": "ISCRIVIMI|RIATTIVA|SÌ", "de": "ANMELDEN", "nl": "AANMELDEN", "pl": "WZNÓW", "ro": "ABONARE"}
HELP = {
    "all": "HELP|INFO",
    "fr": "AIDE",
    "es": "AYUDA",
    "pt": "AJUDA",
    "it": "AIUTO",
    "de": "HILFE",
    "nl": "HULP",
    "pl": "POMOC",
    "ro": "AJUTOR",
}
ANSWERS = {
    ("en", Answer.CONFIRM): "YES|Y|C|1|OK|OKAY|CONFIRMED|SURE|YEAH|YEP|CONFIRM|I'LL BE THERE|SEE YOU THEN|👍|✅",
    ("en", Answer.CANCEL): "NO|N|X|9|NOPE|CANCEL|CAN'T MAKE IT|NOT COMING|2|❌",
    ("en", Answer.RESCHEDULE): "R|RESCHEDULE|CHANGE|ANOTHER DAY|3",
    (
        "it",
        Answer.CONFIRM,
    ): "SI|SÌ|SI'|OK|CONFERMO|CERTO|VA BENE|PERFETTO|PRESENTE|CI SARÒ|CI SONO|1|sì, grazie!|Sì confermo|ok grazie",
    ("it", Answer.CANCEL): "NO|ANNULLA|ANNULLO|DISDICO|DISDIRE|CANCELLA|NON POSSO|NON VENGO|NON CI SARÒ|2",
    ("it", Answer.RESCHEDULE): "SPOSTA|SPOSTO|CAMBIO|CAMBIA ORARIO|ALTRO GIORNO|3",
    ("es", Answer.CONFIRM): "SÍ|SI|CONFIRMO|OK|1",
    ("es", Answer.CANCEL): "NO|CANCELAR|ANULAR|2",
    ("es", Answer.RESCHEDULE): "CAMBIAR|3",
    ("fr", Answer.CONFIRM): "OUI|OK|JE CONFIRME|1",
    ("fr", Answer.CANCEL): "NON|ANNULER|2",
    ("fr", Answer.RESCHEDULE): "DÉPLACER|REPORTER|3",
    ("de", Answer.CONFIRM): "JA|OK|BESTÄTIGT|1",
    ("de", Answer.CANCEL): "NEIN|ABSAGEN|2",
    ("de", Answer.RESCHEDULE): "VERSCHIEBEN|3",
    ("pt", Answer.CONFIRM): "SIM|OK|CONFIRMO|1",
    ("pt", Answer.CANCEL): "NÃO|NAO|CANCELAR|2",
    ("pt", Answer.RESCHEDULE): "REMARCAR|3",
    ("nl", Answer.CONFIRM): "JA|OK|AKKOORD|1",
    ("nl", Answer.CANCEL): "NEE|AFZEGGEN|2",
    ("nl", Answer.RESCHEDULE): "VERPLAATSEN|3",
    ("pl", Answer.CONFIRM): "TAK|OK|POTWIERDZAM|1",
    ("pl", Answer.CANCEL): "NIE|ODWOŁUJĘ|2",
    ("pl", Answer.RESCHEDULE): "ZMIENIAM|PRZEŁÓŻ|3",
    ("ro", Answer.CONFIRM): "DA|OK|CONFIRM|1",
    ("ro", Answer.CANCEL): "NU|ANULEZ|2",
    ("ro", Answer.RESCHEDULE): "REPROGRAMEZ|MUT|3",
}
ANSWERED = """
rules:
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel]}
  - {name: reschedule, when: {answer: reschedule}, then: [appointment: reschedule]}
"""


def head(language: str) -> str:
    return f"languages: [{language}]\n" if language != ALWAYS else ""


@pytest.mark.parametrize(("language", "words"), OPT_OUT.items())
def test_the_opt_out_words_of_a_language_stop_everything(language: str, words: str) -> None:
    read = rules(head=head(language))
    assert {plan(word, read).rule for word in words.split("|")} == {"reserved:stop"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_opt_out_word_of_a_language_is_a_proposal_of_ours(language: str) -> None:
    published = {fold(word) for word in OPT_OUT[language].split("|")}
    assert {word.grade for folded, word in PACKS[language].opt_out.items() if folded not in published} <= {"D"}


@pytest.mark.parametrize(("language", "words"), OPT_IN.items())
def test_the_opt_in_words_of_a_language_bring_back_who_had_stopped(language: str, words: str) -> None:
    read = rules(head=head(language))
    assert {plan(word, read, known(opted_out=True)).rule for word in words.split("|")} == {"reserved:start"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_unmistakable_opt_in_words_count_for_who_never_stopped(language: str) -> None:
    unmistakable = {"start", "unstop", "nonarret"}
    words = {**PACKS[ALWAYS].opt_in, **PACKS[language].opt_in}
    assert {folded for folded, word in words.items() if not word.returning} == unmistakable & words.keys()


@pytest.mark.parametrize(("language", "words"), HELP.items())
def test_the_help_words_of_a_language_are_answered(language: str, words: str) -> None:
    read = rules(head=head(language))
    assert {plan(word, read).rule for word in words.split("|")} == {"reserved:help"}


@pytest.mark.parametrize(("language", "answer"), ANSWERS)
def test_the_words_for_an_answer_answer_an_open_appointment(language: str, answer: Answer) -> None:
    read, about = rules(ANSWERED, head(language)), known(appointments=(appointment(),))
    assert {plan(word, read, about).rule for word in ANSWERS[language, answer].split("|")} == {str(answer)}


@pytest.mark.parametrize("text", ["ok", "1", "YES", "👍", "NO", "annulla", "C", "X", "R"])
def test_an_answer_means_nothing_while_no_appointment_is_open(text: str) -> None:
    assert plan(text, rules(ANSWERED, "languages: [en, it]\n")).rule is None


@pytest.mark.parametrize(
    "text", ["Sì ma arrivo 10 minuti in ritardo", "No problem, ci sarò", "non lo so", "si o no", "forse", "grazie"]
)
def test_an_unclear_answer_goes_to_a_person(text: str) -> None:
    decided = plan(text, rules(ANSWERED, "languages: [en, it]\n"), known(appointments=(appointment(),)))
    assert (decided.rule, decided.explained) == (
        None,
        ({"action": "hand_off", "reason": "unclear answer while an appointment is open"},),
    )


@pytest.mark.parametrize(
    ("language", "word"), [("en", "CANCEL"), ("it", "CANCELLA"), ("es", "CANCELAR"), ("pt", "CANCELAR")]
)
def test_a_word_for_cancelling_stops_texts_only_while_no_appointment_is_open(language: str, word: str) -> None:
    read = rules(ANSWERED, head(language))
    assert [plan(word, read, about).rule for about in (known(), known(appointments=(appointment(),)))] == [
        "reserved:stop",
        "cancel",
    ]


@pytest.mark.parametrize(
    ("language", "word"),
    [("it", "FINE"), ("it", "ANNULLA"), ("it", "NON"), ("en", "NO"), ("pl", "KONIEC"), ("pl", "NO"), ("en", "BASTA")],
)
def test_a_word_that_means_something_else_stops_nothing(language: str, word: str) -> None:
    assert plan(word, rules(head=head(language))).rule is None


@pytest.mark.parametrize("word", ["ARRET", "AIDE", "QUIT"])
def test_a_canadian_number_may_use_english_and_french_in_any_file(word: str) -> None:
    read = rules(head="languages: [it]\n")
    assert plan(word, read, known("+15145550100")).rule in {"reserved:stop", "reserved:help"}
    assert plan(word, read).rule is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_language_means_two_things(language: str) -> None:
    together = vocabulary(PACKS, [language]).everywhere
    kinds = [set(together.opt_out), set(together.opt_in), set(together.help), set(together.answers)]
    shared = set.union(*(one & other for one, other in combinations(kinds, 2)))
    assert all(
        together.opt_out[word].yields if word in together.opt_out else together.opt_in[word].returning
        for word in shared
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_of_a_language_fit_one_segment_of_7_bit_letters(language: str) -> None:
    assert {(size(text).encoding, size(text).segments) for text in PACKS[language].texts.values()} == {("GSM-7", 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_confirmation_of_a_stop_names_the_way_back_and_no_other_word(language: str) -> None:
    assert "START" in PACKS[language].texts["stop"]
    assert "STOP" in PACKS[language].texts["start"]


def test_a_shared_answer_tells_no_language() -> None:
    answers = vocabulary(PACKS, ["en", "it"]).everywhere.answers
    assert [answers[word][1] for word in ("ok", "1", "no", "yes", "confermo")] == [None, None, None, "en", "it"]


def entries_of(name: str, *sections: str) -> list[Node]:
    """The entries of a pack, or of some of its sections, as they stand in its file."""
    root, _ = read_nodes(resources.files("responder").joinpath("words", f"{name}.yaml").read_text("utf-8"), name)
    assert isinstance(root, Mapping)
    chosen = [
        node for key, node in root.entries if isinstance(node, Sequence) and (not sections or key.text in sections)
    ]
    return [item for node in chosen for item in node.items]


def field(entry: Node, name: str) -> list[str]:
    """What an entry says under a key, one value or several; mere words are proposals of ours."""
    if isinstance(entry, Mapping):
        node = next((node for key, node in entry.entries if key.text == name), None)
    else:
        node = entry if name == "word" else None
    return [item.text for item in (node.items if isinstance(node, Sequence) else [node]) if isinstance(item, Scalar)]


@pytest.mark.parametrize("name", PACKS)
def test_every_word_that_is_not_a_proposal_of_ours_has_a_source(name: str) -> None:
    assert [
        field(entry, "word")
        for entry in entries_of(name)
        if field(entry, "grade") not in ([], ["D"]) and not field(entry, "sources")
    ] == []


@pytest.mark.parametrize("name", PACKS)
def test_every_source_of_a_word_is_named_in_its_file(name: str) -> None:
    root, _ = read_nodes(resources.files("responder").joinpath("words", f"{name}.yaml").read_text("utf-8"), name)
    assert isinstance(root, Mapping)
    named = {
        key.text
        for section, node in root.entries
        if section.text == "sources" and isinstance(node, Mapping)
        for key, _ in node.entries
    }
    assert {source for entry in entries_of(name) for source in field(entry, "sources")} == named


@pytest.mark.parametrize("name", PACKS)
def test_no_word_stands_twice_in_one_part_of_a_pack(name: str) -> None:
    pack: Pack = PACKS[name]
    parts = (getattr(pack, part) for part in (*WORDS, *PHRASES))
    entries = [entry for section in (*WORDS, *PHRASES) for entry in entries_of(name, section)]
    assert sum(len(part) for part in parts) == sum(len(field(entry, "word")) for entry in entries)


@pytest.mark.parametrize("name", PACKS)
def test_no_text_is_two_answers_of_a_pack_and_every_phrase_of_an_answer_adds_texts(name: str) -> None:
    written = [
        (answer, typed) for answer in Answer for entry in entries_of(name, answer) for typed in field(entry, "word")
    ]
    texts = {answer: [text for of, typed in written if of is answer for text in spellings(typed)] for answer in Answer}
    assert [text for one, other in combinations(Answer, 2) for text in set(texts[one]) & set(texts[other])] == []
    assert [
        typed
        for answer, typed in written
        if all(texts[answer].count(text) > 1 for text in spellings(typed)) and "{" in typed
    ] == []
    assert "" not in PACKS[name].answers


def test_no_answer_of_a_language_opts_out_in_another_unless_it_yields() -> None:
    shared = [
        (one, other, word)
        for one, other in permutations(PACKS, 2)
        for word in PACKS[one].opt_out.keys() & PACKS[other].answers.keys()
        if not PACKS[one].opt_out[word].yields
    ]
    assert shared == []


@pytest.mark.parametrize("name", PACKS)
def test_no_phrase_of_a_pack_is_a_single_common_word(name: str) -> None:
    everyday = [
        "stop",
        "stopp",
        "basta",
        "baja",
        "parar",
        "non",
        "no",
        "end",
        "quit",
        "cancel",
        "me",
        "sms",
        "nicht",
        "niet",
        "nie",
        "nu",
        "plus",
    ]
    found = Phrases(tuple(expression(word.typed) for word in PACKS[name].phrases))
    assert [word for word in everyday if any(found.find(spaced(word)))] == []


def test_a_number_from_abroad_brings_the_words_of_its_country() -> None:
    read = rules(head="country: IT\nlanguages: [en]\n")
    assert [
        plan(text, read, known(number)).rule
        for text, number in (("ARRÊT", "+33612345678"), ("baja", "+34612345678"), ("baja", "+33612345678"))
    ] == [
        "reserved:stop",
        "reserved:stop",
        None,
    ]


def test_a_number_at_home_has_the_words_of_the_file_alone() -> None:
    assert plan("disiscrivimi", rules(head="country: IT\nlanguages: [en]\n")).rule is None


def test_a_country_brings_no_answers() -> None:
    about = known("+33612345678", appointments=(appointment(originator="+33612345678"),))
    assert plan("oui", rules(ANSWERED, "languages: [en]\n"), about).rule is None


def test_a_mistake_in_a_pack_is_told_with_its_place() -> None:
    with pytest.raises(RulesError, match=r"words/xx.yaml:3:26: pack: unknown grade 'Z', expected one of A, B, C, D"):
        read_pack("language: xx\nversion: 1\nhelp: [{word: HI, grade: Z}]\n", "words/xx.yaml")


def test_a_rule_may_use_a_word_of_a_language_that_the_file_does_not_speak() -> None:
    assert plan("baja", one_rule("{text: baja}")).rule == "only"
