"""How many SMS a text takes: GSM 7-bit and UCS-2 (3GPP TS 23.038, sections 6.2.1 and 6.2.3)."""

from bisect import bisect
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a character: two septets
GSM_ONE, GSM_EACH = 160, 153
CUT = "..."  # three signs of the SMS alphabet, since the one of Unicode would cost more than half of the text
LONGEST_WORD = 30  # characters that are cut off to end with a whole word
UCS2_ONE, UCS2_EACH = 70, 67


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """A text as the network counts it: the alphabet, the units (septets or UTF-16 code units) and the segments."""

    encoding: str
    units: int
    segments: int


def size(text: str) -> Size:
    """How long a text is on the network.

    >>> size("Hello — your code is 12345")
    Size(encoding='UCS-2', units=26, segments=1)
    """
    letters = frozenset(text)
    if letters <= BASIC:
        return Size(
            encoding="GSM-7", units=len(text), segments=1 if len(text) <= GSM_ONE else -(-len(text) // GSM_EACH)
        )
    if letters <= BASIC | EXTENDED:
        widths = [1 + (c in EXTENDED) for c in text]
        return _sized("GSM-7", widths, GSM_ONE, GSM_EACH)
    return _sized("UCS-2", [1 + (ord(c) > 0xFFFF) for c in text], UCS2_ONE, UCS2_EACH)


def cut(text: str, segments: int) -> str:
    """The text cut to so many segments, at a word and with three dots, if it takes more.

    >>> cut("The shop is closed on " + "Mondays, " * 20, 1)[-23:]
    'ys, Mondays, Mondays...'
    """
    if size(text).segments <= segments:
        return text
    end = bisect(range(len(text)), segments, key=lambda length: size(text[:length] + CUT).segments) - 1
    kept = text[:end]
    words = kept if text[end].isspace() else kept.rpartition(" ")[0]
    return (words if len(words) > end - LONGEST_WORD else kept).rstrip(" ,;:") + CUT


def _sized(encoding: str, widths: list[int], one: int, each: int) -> Size:
    """Fill segments character by character, since an escape or surrogate pair is never cut."""
    units = sum(widths)
    if units <= one:
        return Size(encoding=encoding, units=units, segments=1)
    segments, filled = 1, 0
    for width in widths:
        if filled + width > each:
            segments, filled = segments + 1, 0
        filled += width
    return Size(encoding=encoding, units=units, segments=segments)
