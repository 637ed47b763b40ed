"""What phones and mail programs write under a text says nothing, and hides nothing."""

import pytest

from responder.core.rules.matching import rest_after
from responder.core.sms.phone_signature import is_signature
from responder.core.sms.text import fold
from tests.core.recognition.everyday import LANGUAGES
from tests.core.recognition.opt_out_texts import Case, read_cases
from tests.core.recognition.test_opt_out_texts import asked_for, plan_of

CASES = list(read_cases("signatures.txt"))
FEWEST = 5
SAID_BY_PEOPLE = (
    "Sent by mail",
    "Sent from Anna",
    "Get the phone",
    "Get well soon",
    "Download the form by email",
    "Inviato per posta",
    "Scarica il referto",
    "Envoyé par courrier",
    "Enviado por correo",
    "Per Mail gesendet",
    "Von meinem Handy",
    "Wysłane pocztą",
)


def lines(language: str, kind: str) -> list[str]:
    return [case.text for case in CASES if (case.languages, case.expected) == (language, kind)]


def readings(texts: list[str], language: str, *circumstances: str) -> dict[str, str]:
    about = frozenset(circumstances)
    return {
        text: asked_for(plan_of(Case(text=text, languages=language, circumstances=about, expected="")))
        for text in texts
    }


def other_than(expected: str, found: dict[str, str]) -> dict[str, str]:
    return {text: outcome for text, outcome in found.items() if outcome != expected}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signature_is_left_out_of_the_folded_text(language: str) -> None:
    signatures = lines(language, "signature")
    kept = [line for line in signatures if fold(f"track 7\n\n{line}") != "track 7"]
    assert (len(signatures) >= FEWEST, kept) == (True, [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_opt_out_with_a_signature_below_is_an_opt_out(language: str) -> None:
    stops = LANGUAGES[language].stops
    texts = [f"{stop}\n\n{line}" for line in lines(language, "signature") for stop in stops]
    assert other_than("opt_out", readings(texts, language)) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_with_a_signature_below_is_that_answer(language: str) -> None:
    yes, no = LANGUAGES[language].yes, LANGUAGES[language].no
    signatures = lines(language, "signature")
    confirmed = readings([f"{word}\n{line}" for line in signatures for word in yes], language, "asked")
    cancelled = readings([f"{word}\n{line}" for line in signatures for word in no], language, "asked")
    assert (other_than("confirm", confirmed), other_than("cancel", cancelled)) == ({}, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signature_in_the_same_line_is_left_out_as_well(language: str) -> None:
    begun = [line for line in lines(language, "signature") if line[0].isupper()]
    stopped = readings([f"STOP. {line}" for line in begun] + [f"STOP {line}" for line in begun], language)
    confirmed = readings([f"ok - {line}" for line in begun], language, "asked")
    assert (other_than("opt_out", stopped), other_than("confirm", confirmed)) == ({}, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_that_only_looks_like_a_signature_hides_no_opt_out(language: str) -> None:
    texts = lines(language, "heard")
    below = readings([f"ok\n{text}" for text in texts] + texts, language)
    unheard = {text: outcome for text, outcome in below.items() if outcome not in {"opt_out", "review"}}
    assert (len(texts) >= FEWEST, unheard) == (True, {})


@pytest.mark.parametrize("line", SAID_BY_PEOPLE)
def test_a_line_that_a_person_writes_is_none(line: str) -> None:
    assert not is_signature(line)


def test_what_a_rule_passes_on_has_no_signature() -> None:
    assert rest_after("Track AB12\n\nInviato dal mio Galaxy", "track") == "AB12"


def test_signatures_under_each_other_are_all_left_out() -> None:
    assert fold("Stop\n--\nSent from my iPhone\nGet Outlook for iOS<https://aka.ms/x>") == "stop"


def test_a_text_that_is_nothing_but_a_signature_is_kept() -> None:
    assert fold("\nSent from my iPhone") == "sent from my iphone"
