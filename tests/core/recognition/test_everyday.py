"""Five thousand texts of everyday: nobody is silenced who did not ask for it, nor cancelled by a kiss."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.recognition.everyday import CANCEL, CONFIRM, LANGUAGES, OPT_OUT, OURS, SMILES, Everyday, everyday_texts
from tests.core.recognition.opt_out_texts import Case
from tests.core.recognition.test_opt_out_texts import asked_for, plan_of

ANSWERS = {"confirm", "cancel", "reschedule"}
MOST_UNHEARD = 0.01


@cache
def readings() -> tuple[tuple[Everyday, str], ...]:
    return tuple((text, reading(text.text, text.language, is_asked=text.is_asked)) for text in everyday_texts())


def reading(text: str, language: str, *, is_asked: bool) -> str:
    asked = frozenset({"asked"}) if is_asked else frozenset[str]()
    return asked_for(plan_of(Case(text=text, languages=language, circumstances=asked, expected="")))


def test_nobody_is_opted_out_who_did_not_ask_for_it() -> None:
    false = [
        (text.text, found) for text, found in readings() if text.expected != OPT_OUT and found.startswith("opt_out")
    ]
    assert (len(readings()), false) == (5000, [])


def test_an_opt_out_is_heard() -> None:
    wanted = [(text.text, found) for text, found in readings() if text.expected == OPT_OUT]
    unheard = [(text, found) for text, found in wanted if not found.startswith("opt_out")]
    assert len(unheard) < MOST_UNHEARD * len(wanted), unheard


def test_no_answer_is_read_that_was_not_given_and_none_is_turned_round() -> None:
    wrong = [(text.text, found) for text, found in readings() if found in ANSWERS and text.expected != found]
    missed = [
        (text.text, found) for text, found in readings() if text.expected in (CONFIRM, CANCEL) and found not in ANSWERS
    ]
    assert (wrong, missed) == ([], [])


STOPS = {
    name: ["STOP", *(stop for stop in language.stops if reading(stop, name, is_asked=True) == "opt_out")]
    for name, language in LANGUAGES.items()
}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_what_stands_beside_an_answer_or_a_stop_changes_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(LANGUAGES)))
    language = LANGUAGES[name]
    word, expected = data.draw(
        st.sampled_from(
            [
                *((yes, "confirm") for yes in language.yes),
                *((no, "cancel") for no in language.no),
                *((stop, "opt_out") for stop in STOPS[name]),
            ]
        )
    )
    beside = st.sampled_from(["", *(f", {thanks}" for thanks in language.thanks)])
    signed = st.sampled_from(["", " x", " xx", ", M.", *(f", {name}" for name in language.names)])
    text = f"{word}{data.draw(beside)}{data.draw(signed)}"
    assert reading(f"{text}{data.draw(st.sampled_from(SMILES))}", name, is_asked=True) == expected


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_quotation_of_a_text_of_ours_never_opts_out_nor_answers(name: str) -> None:
    texts = [*OURS, *LANGUAGES[name].stops[:5], *(f"Thanks! {yes}." for yes in LANGUAGES[name].yes)]
    quoted = [frame.format(text) for frame in LANGUAGES[name].likes for text in texts if " " in text]
    found = {text: reading(text, name, is_asked=True) for text in quoted}
    assert {text: one for text, one in found.items() if one not in {"nothing", "staff", "help"}} == {}
