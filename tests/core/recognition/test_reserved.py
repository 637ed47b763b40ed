"""The graded recogniser: what decided, what stays an opt-out however it is typed, and what only sounds like one."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import NOTHING, Outcome, Recognition
from responder.core.recognition.packs import ALWAYS
from responder.core.recognition.reserved import recognise
from responder.core.recognition.vocabulary import vocabulary
from responder.core.sms.text import fold
from responder.rulefile import load_packs

PACKS = load_packs()
ITALIAN, AMERICAN = "+393301234567", "+12025550123"
LISTS = {"news": "news", "weekly news": "news", "offers": "offers", "acme": "offers"}
FULL_WIDTH = {ord("!") + n: 0xFF01 + n for n in range(94)}
PUNCTUATION = ["", ".", "!!!", "…", "?", ";-)", "“", "'", "–", "\n", " \u200b", "\u2060", "\ufeff", "\t"]


@cache
def lexicon(*languages: str, of: str = ITALIAN) -> Lexicon:
    return vocabulary(PACKS, languages or ("en", "it")).of(of)


def heard(text: str, *languages: str, of: str = ITALIAN, **state: Any) -> Recognition:
    return recognise(fold(text), lexicon(*languages, of=of), **state)


@pytest.mark.parametrize(
    ("text", "outcome", "step", "word", "pack"),
    [
        ("Stop!", Outcome.OPT_OUT, 1, "STOP", "all"),
        ("stop please", Outcome.OPT_OUT, 2, "STOP", "all"),
        ("disiscrivimi grazie", Outcome.OPT_OUT, 2, "DISISCRIVIMI", "it"),
        ("could you stop texting me", Outcome.OPT_OUT, 3, "stop texting", "all"),
        ("how can I unsubscribe?", Outcome.OPT_OUT, 4, "UNSUBSCRIBE", "en"),
        ("aiuto", Outcome.HELP, 5, "AIUTO", "it"),
        ("start", Outcome.OPT_IN, 6, "START", "all"),
        ("the bus stop", Outcome.NOTHING, 8, "bus stop", "all"),
        ("oh do stop it", Outcome.REVIEW, 9, "STOP", "all"),
    ],
)
def test_the_step_the_word_and_the_pack_that_decided_are_told(
    text: str, outcome: Outcome, step: int, word: str, pack: str
) -> None:
    found = heard(text)
    assert (found.outcome, found.step, found.typed) == (outcome, step, word)
    told = found.as_json()
    assert told
    assert (told["pack"], told["pack_version"]) == (pack, PACKS[pack].version)


def test_nothing_tells_no_step() -> None:
    assert (heard("hello"), heard("hello").as_json(), heard("")) == (NOTHING, None, NOTHING)


def test_a_stop_in_a_sentence_opts_out_in_north_america_alone() -> None:
    assert [heard("oh do stop it", of=number).outcome for number in (AMERICAN, ITALIAN)] == [
        Outcome.OPT_OUT,
        Outcome.REVIEW,
    ]


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("STOP NEWS", ("news",)),
        ("stop the weekly news please", ("news",)),
        ("News stop", ("news",)),
        ("unsubscribe me from offers", ("offers",)),
        ("stop news and offers", ("news", "offers")),
        ("disiscrivimi da news", ("news",)),
        ("CANCEL NEWS", ("news",)),
        ("STOP ACME", ("offers",)),
        ("stop all", ()),
        ("STOP FOOTBALL", ()),
        ("STOP NEWS FOOTBALL", ()),
        ("unsubscribe from the list", ()),
    ],
)
def test_a_stop_with_a_list_is_for_that_list_and_with_any_other_for_all(text: str, lists: tuple[str, ...]) -> None:
    found = heard(text, lists=LISTS)
    assert (found.outcome, found.lists) == (Outcome.OPT_OUT, lists)


@pytest.mark.parametrize(
    "text", ["Stop it!", "stop that", "stop laughing", "stop at the news", "don't stop news", "stop 18"]
)
def test_a_stop_with_an_everyday_word_names_no_list(text: str) -> None:
    assert heard(text, lists=LISTS).outcome in {Outcome.REVIEW, Outcome.NOTHING}


@pytest.mark.parametrize(
    ("text", "number", "outcome", "also_cancels"),
    [
        ("CANCEL", ITALIAN, Outcome.NOTHING, False),
        ("CANCEL", AMERICAN, Outcome.OPT_OUT, True),
        ("please cancel", ITALIAN, Outcome.NOTHING, False),
        ("please cancel", AMERICAN, Outcome.OPT_OUT, True),
        ("cancella", ITALIAN, Outcome.NOTHING, False),
        ("basta", ITALIAN, Outcome.REVIEW, False),
        ("basta", AMERICAN, Outcome.OPT_OUT, False),
        ("STOP", ITALIAN, Outcome.OPT_OUT, False),
    ],
)
def test_a_word_that_may_be_an_answer_yields_to_an_open_question(
    text: str, number: str, outcome: Outcome, *, also_cancels: bool
) -> None:
    found = heard(text, of=number, question_open=True)
    assert (found.outcome, found.also_cancels) == (outcome, also_cancels)


def test_a_stop_beside_a_harmless_one_still_counts() -> None:
    assert heard("I'll stop by at five. Stop texting me!").outcome is Outcome.OPT_OUT


@pytest.mark.parametrize("text", ["ЅТОР", "SТOP", "sτop", "САNСEL", "СТОП", "🛑", "🛑🛑"])
def test_what_only_looks_like_a_stop_is_for_a_person(text: str) -> None:
    assert heard(text).outcome is Outcome.REVIEW


OPT_OUTS = [(language, word.typed) for language, pack in PACKS.items() for word in pack.opt_out.values()]


@st.composite
def typed_otherwise(draw: st.DrawFn, typed: str) -> str:
    """A word as a thumb, another keyboard or another phone may write it."""
    letters = []
    for c in typed:
        letter = draw(st.sampled_from([c, c.lower(), c.upper(), c.translate(FULL_WIDTH), f"{c}\u200b", f"{c}\u00ad"]))
        if c.isalpha():
            letter += draw(st.sampled_from(["", "\u0301", "\u0308", letter * 2]))
        letters.append(letter + (draw(st.sampled_from(["", " ", "\n"])) if c == " " else ""))
    before, after = draw(st.sampled_from(PUNCTUATION)), draw(st.sampled_from(PUNCTUATION))
    between = draw(st.sampled_from([" ", "! ", "", ", "]))
    return between.join([f"{before}{''.join(letters)}{after}"] * draw(st.integers(1, 4)))


@settings(deadline=None)  # the first text of a language waits for its phrases to be compiled
@given(st.data())
def test_no_way_of_typing_an_opt_out_word_changes_what_it_asks_for(data: st.DataObject) -> None:
    language, word = data.draw(st.sampled_from(OPT_OUTS))
    text = data.draw(typed_otherwise(word))
    assert recognise(fold(text), lexicon(*([language] if language != ALWAYS else ["it"]))).outcome is Outcome.OPT_OUT


@pytest.mark.parametrize(("language", "word"), OPT_OUTS)
def test_an_opt_out_word_may_be_spelt_out(language: str, word: str) -> None:
    active = lexicon(*([language] if language != ALWAYS else ["it"]))
    texts = [between.join(fold(word).replace(" ", "")) for between in (" ", ".", "-", "\u200b", "'")]
    assert [text for text in texts if recognise(fold(text), active).outcome is not Outcome.OPT_OUT] == []


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_at_all_makes_folding_or_recognising_fail(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert recognise(fold(text), lexicon(), lists=LISTS).outcome in Outcome


@pytest.mark.parametrize(
    "text",
    ["stop " * 400, "s" * 5000, "a b " * 400, "basta cosi " * 200, "don't " * 300 + "stop", "stop sending " * 150],
)
def test_a_long_text_is_understood_as_quickly_as_a_short_one(text: str) -> None:
    assert recognise(fold(text), lexicon(), lists=LISTS).outcome in Outcome
