"""Telephone numbers as people and spreadsheets write them: read as they are meant, or refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.core.sms.address import doubt_about, end_from, number_from

ANNA = "+393301234567"
MARKS = st.text(" .-()\u00a0\u202f\u2011", max_size=2)


def refusal(typed: str) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        number_from(typed, "IT")
    return str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "3301234567",
        "330 123 4567",
        "330.123.4567",
        "330-1234567",
        "(330) 1234567",
        "+39 330 1234567",
        "'+393301234567",
        "’3301234567",
        '="+393301234567"',
        '="3301234567"',
        "tel:+39-330-1234567",
        "TEL:3301234567",
        "0039 330 1234567",
        "+39\u00a0330\u202f1234567",
        "\u202a+393301234567\u202c",
        "330\u20111234567",
        "٣٣٠١٢٣٤٥٦٧",
        "＋３９３３０１２３４５６７",
        "(+39) 330 1234567",
        "3.301.234.567",
    ],
)
def test_a_number_is_read_however_it_is_set(typed: str) -> None:
    assert number_from(typed, "IT") == ANNA


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("3.93301234567E11", "rounded"),
        ("3.93E+11", "rounded"),
        ("3,93301234567E11", "rounded"),
        ("3.108207129e9", "rounded"),
        ("3301234567.0", "dot before its last digit"),
        ("393301234567.0", "dot before"),
        ("330 1234567.0", "dot before"),
        ("3301234567.00", "dot"),
        ("330123456O", "the letter 'O'"),
        ("33O1234567", "the letter 'O'"),
        ("330l234567", "the letter 'l'"),
        ("3301234567;3317654321", "the character ';'"),
        ("3301234567/3317654321", "the character '/'"),
        ("3301234567,0", "the character ','"),
        ("330 1234567 casa", "the letter 'c'"),
        ("+39330+1234567", "a plus inside"),
        ("3301234567+", "a plus inside"),
        ("++393301234567", "plus"),
        ("3301234567 ext. 3", "the letter 'e'"),
        ("3301234567#12", "the character '#'"),
        ("330123456²", "the character '²'"),
        ("", "not a telephone number"),
        ("-", "not a telephone number"),
        ("12", "too few digits"),
        ("=", "not a telephone number"),
    ],
)
def test_what_is_no_plain_number_is_refused_with_what_is_wrong(typed: str, why: str) -> None:
    assert why in refusal(typed)


@given(st.lists(MARKS, min_size=9, max_size=9))
def test_marks_between_the_digits_never_change_a_number(marks: list[str]) -> None:
    typed = "".join(digit + mark for digit, mark in zip("330123456", marks, strict=True)) + "7"
    try:
        assert number_from(typed, "IT") == ANNA
    except ValueError as refused:
        assert typed[-2] == "." or "digit" in str(refused)  # noqa: PT017  (either read rightly, or refused)


@given(st.integers(0, 10), st.sampled_from(string.ascii_letters + ";:,/*#²½@_~=\"'"))
def test_a_number_with_any_other_character_is_refused(place: int, character: str) -> None:
    digits = "3301234567"
    if not (place == 0 and character == "'"):
        assert refusal(digits[:place] + character + digits[place:])


@given(st.text(string.digits + " .-()+;,/eE'\"=O", max_size=24))
def test_a_number_that_is_read_has_the_digits_that_were_typed(typed: str) -> None:
    try:
        read = number_from(typed, "IT")
    except ValueError:
        return
    digits = "".join(filter(str.isdigit, typed))
    assert read.removeprefix("+39").lstrip("0") in digits or read[1:] in digits


def test_a_doubtful_number_is_told_and_a_likely_one_is_not() -> None:
    assert doubt_about(ANNA) is None
    assert "IT" in (doubt_about("+393331234") or "")


def test_a_name_may_have_some_digits_and_a_number_no_letter() -> None:
    assert end_from("Acme24", "IT") == "Acme24"
    for typed in ("330123456O", "3.93301234567E11", "3301234567.0"):
        with pytest.raises(ValueError, match=r"letter|rounded|dot"):
            end_from(typed, "IT")
