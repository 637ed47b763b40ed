"""Slips of the thumb: what is found by the letters around a slip is what comparing with every word would find."""

import string

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from responder.core.recognition.slips import SHORTEST, Near
from responder.rulefile import load_packs

WORDS = sorted({word for pack in load_packs().values() for word in pack.opt_out if len(word) >= SHORTEST})
NEAR = Near.of(WORDS)


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A word with a letter more, less, another, or two changed about; or with two such slips."""
    text = draw(st.sampled_from(WORDS))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text) - 2))
        before, here, after = text[:place], text[place], text[place + 1 :]
        letter = draw(st.sampled_from(string.ascii_lowercase))
        ways = before + after, before + letter + after, before + here + letter + after, before + letter + here + after
        text = draw(st.sampled_from([*ways, before + after[0] + here + after[1:]]))
    return text


@given(slips())
def test_the_words_near_a_text_are_those_one_letter_away(text: str) -> None:
    expected = [word for word in WORDS if len(text) >= SHORTEST and OSA.distance(text, word) == 1]
    assert list(NEAR.to(text)) == expected
