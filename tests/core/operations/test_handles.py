"""The letters that stand for a number or a place in addresses."""

from hypothesis import given
from hypothesis import strategies as st

from responder.core.operations.pages import opened, sealed

SECRET = b"secret of the installation"
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(TEXTS)
def test_whoever_has_the_secret_reads_what_was_sealed(text: str) -> None:
    assert opened(SECRET, "person", sealed(SECRET, "person", text)) == text


def test_a_handle_holds_no_digit_and_is_the_same_each_time() -> None:
    letters = sealed(SECRET, "person", "+393331234567")
    assert letters.isalpha()
    assert letters == sealed(SECRET, "person", "+393331234567")


def test_it_opens_for_its_own_purpose_and_secret_alone() -> None:
    letters = sealed(SECRET, "person", "+393331234567")
    assert opened(SECRET, "place in a list", letters) is None
    assert opened(b"another secret", "person", letters) is None


def test_numbers_of_one_length_have_handles_of_one_length() -> None:
    assert len({len(sealed(SECRET, "person", f"+39333{number}")) for number in range(1000, 1100)}) == 1


@given(st.text(max_size=80))
def test_other_letters_open_nothing(letters: str) -> None:
    assert opened(SECRET, "person", letters) is None


def test_a_changed_letter_opens_nothing() -> None:
    letters = sealed(SECRET, "person", "+393331234567")
    for place, letter in enumerate(letters):
        other = "a" if letter != "a" else "b"
        assert opened(SECRET, "person", letters[:place] + other + letters[place + 1 :]) is None
