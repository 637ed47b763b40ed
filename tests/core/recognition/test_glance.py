"""The first look at a text: it passes over what says nothing, and never what the steps of recognition find something in."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import NOTHING, Recognition
from responder.core.recognition.packs import ALWAYS, Pack, Word
from responder.core.recognition.parts import passes_over
from responder.core.recognition.phrases import BadPhrase, expression, spellings, telling_words
from responder.core.recognition.reserved import by_steps
from responder.core.recognition.vocabulary import vocabulary
from responder.core.sms.text import fold
from responder.core.sms.written import Written
from responder.rulefile import load_packs

PACKS = load_packs()
LISTS = {"news": "news", "weekly news": "news"}
LANGUAGES = [language for language in PACKS if language != ALWAYS]
MOST_CHOICES = 25  # in a phrase all of whose spellings are looked at


@cache
def lexicon(language: str) -> Lexicon:
    return vocabulary(PACKS, [language]).everywhere


def phrases_of(pack: Pack) -> list[str]:
    return [word.typed for word in (*pack.phrases, *pack.benign) if word.typed.count("|") <= MOST_CHOICES]


def asking(pack: Pack) -> list[str]:
    """Words and phrases that recognition looks for."""
    words = (pack.opt_out, pack.opt_in, pack.help, pack.doubts, pack.stops, pack.anywhere)
    phrases = (spellings(typed.replace("_", "thing").replace("$", ""))[:3] for typed in phrases_of(pack))
    return [folded for some in (*words, *phrases) for folded in some]


SAID = {
    language: [*asking(pack), *pack.courtesy, *pack.answers, *LISTS, "hello", "12345", "a", "s"]
    for language, pack in PACKS.items()
}


def ways(text: str) -> list[str]:
    """A text as it is, taken apart, run together, said twice, with a letter too many, and with one too few."""
    return [text, " ".join(text), text.replace(" ", ""), text * 2, text + text[-1], text[1:]]


@st.composite
def texts(draw: st.DrawFn, language: str) -> str:
    """What is made of a few words of a language, folded."""
    said = st.sampled_from([*SAID[language], *SAID[ALWAYS]])
    return fold(
        " ".join(draw(said.flatmap(lambda text: st.sampled_from(ways(text)))) for _ in range(draw(st.integers(1, 4))))
    )


def by_all_steps(folded: str, words: Lexicon) -> list[Recognition]:
    """What the steps find in a text, in every circumstance."""
    circumstances = [(gone, asked) for gone in (False, True) for asked in (False, True)]
    return [
        by_steps(Written(folded), folded, words, opted_out=gone, question_open=asked, lists=LISTS)
        for gone, asked in circumstances
    ]


@settings(deadline=None, max_examples=400)  # the first text of a language waits for its phrases to be compiled
@given(st.data())
def test_a_text_that_is_passed_over_is_one_that_the_steps_find_nothing_in(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(LANGUAGES))
    folded = data.draw(texts(language))
    if folded and passes_over(folded, lexicon(language)):
        assert by_all_steps(folded, lexicon(language)) == [NOTHING] * 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_and_no_phrase_of_a_pack_is_passed_over(language: str) -> None:
    pack, words = PACKS[language], lexicon(language)
    joined = [folded.replace(" ", "") for folded in pack.opt_out]
    written = [*asking(pack), *joined, *map(" ".join, joined)]
    assert [folded for folded in written if passes_over(folded, words)] == []
    courtesy = next(iter(words.courtesy))
    courteous = [f"{courtesy} {folded} {courtesy}" for folded in written]
    passed_over = [folded for folded in courteous if passes_over(folded, words)]
    assert [folded for folded in passed_over if by_all_steps(folded, words) != [NOTHING] * 4] == []


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_however_a_phrase_is_read_it_has_one_of_its_telling_words(pack: Pack) -> None:
    read = [(telling_words(typed), spellings(typed.replace("_", "").replace("$", ""))) for typed in phrases_of(pack)]
    assert [text for telling, texts_of in read for text in texts_of if telling.isdisjoint(text.split())] == []


@pytest.mark.parametrize(
    "text",
    [
        "a che ora aprite domani",
        "ciao avete posto sabato sera",
        "see you at ten",
        "grazie mille a presto",
        "code12 ab12cd",
    ],
)
def test_a_text_about_something_else_is_passed_over(text: str) -> None:
    assert passes_over(text, vocabulary(PACKS, ["it", "en"]).everywhere)


@pytest.mark.parametrize(
    "text", ["s t o p", "stopp", "stopstop", "grazie s t o p", "s grazie t o p", "spamspam", "стоп", "ѕтор"]
)
def test_a_word_that_is_taken_apart_run_together_or_written_in_other_letters_is_not_passed_over(text: str) -> None:
    assert not passes_over(text, vocabulary(PACKS, ["it", "en"]).everywhere)


def test_a_word_for_stop_is_not_passed_over_wherever_it_stands() -> None:
    halt = Word(typed="HALT", language="xx", version="1", grade="D")
    words = vocabulary({"xx": Pack(language="xx", version="1", stops={"halt": halt})}, ["xx"]).everywhere
    assert not passes_over("will you halt now", words)
    assert passes_over("will you come now", words)


@pytest.mark.parametrize("source", ["_ _", "[stop me] _", "{stop|} [me]", "stop }me{ now", "stop {me"])
def test_a_phrase_without_a_word_that_tells_it_is_refused(source: str) -> None:
    with pytest.raises(BadPhrase):
        expression(source)
