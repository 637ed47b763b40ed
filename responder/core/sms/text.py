"""Texts as they are kept, folded copies of them for matching alone, and how many SMS a text takes."""

import re
import unicodedata
from bisect import bisect
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import re2

from responder.core.sms.phone_signature import without_signature

FIRST_WORD = re.compile(r"[\W_]*([^\W_]+)[\s:.,;–-]*")
TRIPLED = re.compile(r"([^\W\d_])\1\1+")
THRICE = re.compile(r"(.)\1\1")  # anything at all, which is sooner looked for than letters
APOSTROPHES = "'`´‘’‚‛ʹʻʼʽˈ′‵＇ꞌ"  # every shape that stands for one on some keyboard
EMOJI = {
    "👍": " thumbsup ",
    "✅": " checkmark ",
    "❌": " crossmark ",
    "🛑": " stopsign ",
}  # words, so that they survive a second folding
UNSPLIT = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"}  # what NFD does not take apart
SHED = (  # blocks of Latin, Greek and Cyrillic letters beyond U+052F
    ("\u1c80", "\u1c8f"), ("\u1d00", "\u1dbf"), ("\u1e00", "\u1fff"), ("\u2c60", "\u2c7f"),
    ("\ua640", "\ua69f"), ("\ua720", "\ua7ff"), ("\uab30", "\uab6f"),
)  # fmt: skip
# taken apart: the letters of English, and the marks that stand on them
ACCENTED = re.compile("[\\0-\x7f\u0300-\u036f]*")
MOST_MARKS = 30  # on one letter: as many as Unicode's stream-safe texts have
SLOW_FROM = 300  # characters from which on marks are counted: Python sorts those of one letter in quadratic time
MARKS = re2.compile(rf"([\p{{M}}\x{{FF9E}}\x{{FF9F}}]{{{MOST_MARKS}}})[\p{{M}}\x{{FF9E}}\x{{FF9F}}]+")
MOST_MADE = 40_000  # characters that Unicode's forms make of fewer: one letter can become eighteen
PASSES = 8  # Unicode's forms settle after two or three; a limit, so that no text can hold a worker

_BEFORE = str.maketrans(dict.fromkeys(APOSTROPHES, "") | EMOJI)
_AFTER = str.maketrans(dict.fromkeys(APOSTROPHES, "") | UNSPLIT)
_NEEDS_BEFORE, _NEEDS_AFTER = (re.compile("[" + "".join(map(chr, table)) + "]") for table in (_BEFORE, _AFTER))
# for bytes, which are translated faster than characters
_ASCII = bytes(c if chr(c).isalnum() else ord(" ") for c in bytes(range(256)).lower())
_DROPPED = APOSTROPHES.encode("ascii", "ignore")
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a character: two septets
GSM_ONE, GSM_EACH = 160, 153
CUT = "..."  # three signs of the SMS alphabet, since the one of Unicode would cost more than half of the text
LONGEST_WORD = 30  # characters that are cut off to end with a whole word
UCS2_ONE, UCS2_EACH = 70, 67


def clean(text: str) -> str:
    """The text without what no database keeps: NUL and lone surrogates.

    >>> clean("a\\x00b\\ud83d")
    'ab'
    """
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return "".join(c for c in text if c != "\x00" and not "\ud800" <= c <= "\udfff")


def fold(text: str) -> str:
    """The one form that all ways of typing a text share: words of small letters and digits.

    The steps and their order: opt-out-keywords reference, section 5.1. Folding twice changes nothing.

    >>> fold("  “Ｓtop”, PERCHÉ?!  don’t")
    'stop perche dont'
    >>> fold("unsubscribe\\n\\nSent from my iPhone")
    'unsubscribe'
    """
    text = without_signature(text) if "\n" in text or "\r" in text else text
    if text.isascii():
        return _join_ascii(text.encode())
    for _ in range(PASSES):
        if (
            folded := _fold_once(text)
        ) == text or folded.isascii():  # small ASCII letters and digits fold to themselves
            return folded
        text = folded
    return text


def without_prefix(text: str, prefix: str) -> str:
    """The text without a folded word that it begins with; where it begins with another, as it is.

    >>> without_prefix(" A1b2: News ON!", "a1b2"), without_prefix("A1B2C3", "a1b2")
    ('News ON!', 'A1B2C3')
    """
    found = FIRST_WORD.match(text)
    if found is None or fold(found[1]) != prefix:
        return text
    return text[found.end() :]


def _fold_once(text: str) -> str:
    text = MARKS.sub(r"\1", text) if len(text) > SLOW_FROM else text
    # most texts have none, and translating is slow
    text = text.translate(_BEFORE) if _NEEDS_BEFORE.search(text) else text
    text = unicodedata.normalize("NFKC", text)[: max(len(text), MOST_MADE)].casefold()
    decomposed = unicodedata.normalize("NFD", text.translate(_AFTER) if _NEEDS_AFTER.search(text) else text)
    if ACCENTED.fullmatch(decomposed):
        return _join_ascii(decomposed.encode("ascii", "ignore"))
    return _join(_letters(decomposed))


def _letters(decomposed: str) -> str:
    """Letters and digits, marks on letters of scripts where they carry meaning, spaces for the rest."""
    used = set(decomposed)
    marks = {c for c in used if unicodedata.category(c)[0] == "M"}
    bearers = {c for c in used - marks if c.isalpha() and not _sheds_marks(c)} if marks else set()
    kept = {c: c if c.isalnum() else "" if unicodedata.category(c) == "Cf" else " " for c in used - marks}
    kept |= {mark: mark if bearers else "" for mark in marks}
    letters = "".join(map(kept.__getitem__, decomposed))
    return "".join(_with_marks_on(letters, bearers, marks)) if bearers else letters


def _with_marks_on(letters: str, bearers: Collection[str], marks: Collection[str]) -> Iterator[str]:
    """The letters, and of the marks those that stand on one of the bearers."""
    bears = False
    for c in letters:
        if c not in marks:
            bears = c in bearers
            yield c
        elif bears:
            yield c


def _sheds_marks(letter: str) -> bool:
    """Whether the letter is Latin, Greek or Cyrillic, where an accent may be left out."""
    return letter < "\u0530" or any(first <= letter <= last for first, last in SHED)


def _join_ascii(text: bytes) -> str:
    return _join(text.translate(_ASCII, _DROPPED).decode())


def _join(spaced: str) -> str:
    words = " ".join(spaced.split())
    return TRIPLED.sub(r"\1", words) if THRICE.search(words) else words


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
