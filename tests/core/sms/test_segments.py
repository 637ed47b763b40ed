"""Segments: counted as the network counts them, with no escape and no surrogate pair cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.core.sms.text import BASIC, EXTENDED, size


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("€" * 153, "GSM-7", 306, 3),  # 76 in each segment: the 77th would be cut
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the escape moves to the second segment
        ("ç", "UCS-2", 1, 1),  # only the capital one is in the alphabet
        ("Ç", "GSM-7", 1, 1),
        ("`", "UCS-2", 1, 1),
        ("\f^{}\\[~]|€", "GSM-7", 20, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("ê" * 134, "UCS-2", 134, 2),
        ("ê" * 135, "UCS-2", 135, 3),
        ("😂" * 35, "UCS-2", 70, 1),
        ("😂" * 36, "UCS-2", 72, 2),
        ("😂" * 67, "UCS-2", 134, 3),  # 33 in each segment: the 34th would be cut
        ("ê" * 66 + "😂" + "ê" * 66, "UCS-2", 134, 3),
    ],
)
def test_a_text_is_counted_as_the_network_counts_it(text: str, encoding: str, units: int, segments: int) -> None:
    counted = size(text)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, segments)


def test_the_alphabet_has_its_128_places() -> None:
    assert (len(BASIC), len(EXTENDED), BASIC & EXTENDED) == (127, 10, frozenset())  # the 128th is the escape itself


@given(st.text(alphabet=sorted(BASIC | EXTENDED | set("ê😂")), max_size=700))
def test_segments_hold_the_text_and_none_is_left_empty(text: str) -> None:
    counted = size(text)
    each = 153 if counted.encoding == "GSM-7" else 67
    assert counted.units <= max(160 if counted.encoding == "GSM-7" else 70, counted.segments * each)
    assert counted.segments == 1 or counted.units > (counted.segments - 1) * (each - 1)
