"""Folding: all ways to type the same become the same, and nothing else does (opt-out-keywords reference, section 5.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.core.sms.text import clean, fold

ZERO_WIDTH, SOFT_HYPHEN, RIGHT_TO_LEFT, BOM = "\u200b", "\u00ad", "\u202e", "\ufeff"


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "STOP",
            "stop.",
            " Stop \n",
            "“STOP”",
            "ＳＴＯＰ",
            f"S{ZERO_WIDTH}TOP",
            f"st{SOFT_HYPHEN}op",
            f"{RIGHT_TO_LEFT}stop",
            f"{BOM}stop",
        ),
        *("STOPPPP!!!", "(stop)", "\tstop\r\n", "St\u00f3p", "sto\u0301p", "stop\u00a0", "𝐒𝐓𝐎𝐏", "S'T'O'P", "…stop…"),
        "stop\n\nSent from my iPhone",
    ],
)
def test_every_way_to_type_a_word_folds_to_the_word(typed: str) -> None:
    assert fold(typed) == "stop"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Sì", "si"),
        ("SI'", "si"),
        ("don’t", "dont"),
        ("don‘t", "dont"),
        ("PERCHÉ", "perche"),
        ("ARRÊT", "arret"),
        ("NÃO", "nao"),
        ("RENUNȚĂ", "renunta"),
        ("Rezygnuję", "rezygnuje"),
        ("ODWOŁUJĘ", "odwoluje"),
        ("İPTAL", "iptal"),
        ("ışık", "isik"),
        ("smørrebrød", "smorrebrod"),
        ("Đức", "duc"),
        ("ÆØÅ", "aeoa"),
        ("cœur", "coeur"),
        ("ǼON", "aeon"),
        ("Ǿ", "o"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("ПОМОЩЬ", "помощь"),
        ("Ёлка", "елка"),
        ("ΣΤΟΠ", "στοπ"),
        ("ά", "α"),
    ],
)
def test_accents_and_letters_of_their_own_fold_away(typed: str, folded: str) -> None:
    assert fold(typed) == folded


def test_marks_that_carry_meaning_stay() -> None:
    assert fold("हिन्दी") == "हिन्दी"


def test_look_alikes_of_another_alphabet_stay_what_they_are() -> None:
    assert fold("ЅТОР") != "stop"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("👍", "thumbsup"),
        ("ok✅", "ok checkmark"),
        ("❌!", "crossmark"),
        ("🛑 stop", "stopsign stop"),
        ("👍🏽", "thumbsup"),
    ],
)
def test_an_emoji_with_a_meaning_becomes_a_word(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@pytest.mark.parametrize("typed", ["", "   ", "?!", "🙂", "…", "\u200b", "\n\n", "'"])
def test_a_text_without_letters_folds_to_nothing(typed: str) -> None:
    assert fold(typed) == ""


def test_letters_typed_three_times_or_more_become_one() -> None:
    assert fold("stopppp sìììì") == "stop si"


def test_letters_typed_twice_stay_two() -> None:
    assert fold("STOPP annulla") == "stopp annulla"


def test_digits_are_never_thinned_out() -> None:
    assert fold("STOP 36111") == "stop 36111"


def test_everything_between_words_becomes_one_blank() -> None:
    assert fold("opt-out,\r\n  now / 12:30") == "opt out now 12 30"


@pytest.mark.parametrize("sent_from", ["Sent from my iPhone", "sent from my Galaxy S24.", "SENT FROM MY phone\n"])
def test_a_signature_is_cut(sent_from: str) -> None:
    assert fold(f"News ON\n\n{sent_from}") == "news on"


def test_what_stands_behind_a_signature_keeps_it() -> None:
    assert fold("News ON\nSent from my iPhone\nand more") == "news on sent from my iphone and more"


def test_marks_that_carry_meaning_stay_up_to_as_many_as_a_letter_can_bear() -> None:
    assert fold("ह" + "\u093f" * 1_000) == "ह" + "\u093f" * 30


def test_words_about_a_phone_in_one_line_are_no_signature() -> None:
    assert fold("sent from my iPhone") == "sent from my iphone"


@given(st.text())
def test_folding_twice_changes_nothing(typed: str) -> None:
    assert fold(fold(typed)) == fold(typed)


@given(st.text())
def test_what_is_folded_is_words_one_blank_apart(typed: str) -> None:
    folded = fold(typed)
    assert folded == " ".join(folded.split())


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_gives_what_the_long_way_gives(typed: str) -> None:
    assert fold(typed) == fold(f"{typed}\u200b")


@given(st.text(st.characters(exclude_categories=[])))
def test_a_clean_text_can_be_kept_by_any_database(typed: str) -> None:
    assert "\x00" not in clean(typed).encode("utf-8").decode("utf-8")
