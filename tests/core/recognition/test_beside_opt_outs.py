"""Courtesy, kisses and good wishes beside a word that opts out change nothing, whatever the word is made of."""

import pytest

from responder.core.recognition.courtesy import COURTESY
from responder.core.recognition.lexicon import Lexicon
from tests.core.recognition.everyday import LANGUAGES
from tests.core.recognition.opt_out_texts import Case
from tests.core.recognition.test_opt_out_texts import asked_for, plan_of, rules_in

FORMS = ("{word} {polite}", "{polite} {word}", "{word}, {polite}!", "{polite}. {word}. {polite}")
EACH = 7  # the words and the courtesies are so many that each word meets every seventh of them


def words_of(lexicon: Lexicon) -> list[str]:
    return [folded for folded, word in lexicon.opt_out.items() if not word.yields]


def readings(texts: list[str], language: str) -> dict[str, str]:
    return {
        text: asked_for(plan_of(Case(text=text, languages=language, circumstances=frozenset(), expected="")))
        for text in texts
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_opt_out_word_with_any_courtesy_around_it_is_heard(language: str) -> None:
    words, polite = words_of(rules_in(language).vocabulary.everywhere), sorted(COURTESY)
    pairs = [(word, said) for at, word in enumerate(words) for said in polite[at % EACH :: EACH]]
    texts = [FORMS[at % len(FORMS)].format(word=word, polite=said) for at, (word, said) in enumerate(pairs)]
    found = readings(texts, language)
    assert {text: outcome for text, outcome in found.items() if outcome != "opt_out"} == {}


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "no more please"), ("en", "please opt me out"), ("es", "para ya"), ("pt", "para já"), ("fr", "plus de sms svp"),
     ("de", "bitte keine SMS"), ("it", "mi cancelli per favore"), ("pl", "proszę mnie wypisać")],
)  # fmt: skip
def test_courtesy_that_belongs_to_an_opt_out_word_is_not_taken_from_it(language: str, word: str) -> None:
    around = ("hi", "thanks", "gracias", "obrigada", "merci", "bitte", "grazie", "dzięki")
    texts = [text for said in around for text in (f"{word} {said}", f"{said}, {word}", f"{said} {word} {said} x")]
    found = readings(texts, language)
    assert {text: one for text, one in found.items() if one != "opt_out"} == {}


@pytest.mark.parametrize("beside", ["x", "xx", "<3", ", Mary", " - John Smith", ". Thanks J", "hugs"])
def test_cancel_with_a_name_or_a_kiss_opts_out_a_north_american_number(beside: str) -> None:
    american = frozenset({"from the US"})
    case = Case(text=f"Cancel {beside}", languages="en", circumstances=american, expected="")
    assert asked_for(plan_of(case)) == "opt_out"
