"""The ways in which phones and people change a text on its way, made by machine."""

import unicodedata
from collections.abc import Iterator

from responder.core.rules.matching import Pattern, TextCondition

TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
TO_CURLY = str.maketrans({"'": "’", '"': "”"})
NBSP, ZERO_WIDTH = "\u00a0", "\u200b"


def variants(text: str, condition: TextCondition | None) -> Iterator[tuple[str, str]]:
    """The variants of a text that must make no difference to a rule, each with its name.

    >>> dict(variants("news on", None))["full-width letters"]
    'ｎｅｗｓ ｏｎ'
    """
    ways = dict(_ways_of_all(text))
    if not isinstance(condition, Pattern):  # which sees accents, quotes and signs as they were typed
        ways |= dict(_ways_of_words(text))
    yield from ((way, changed) for way, changed in ways.items() if changed != text)


def _ways_of_all(text: str) -> Iterator[tuple[str, str]]:
    yield "small letters", text.lower()
    yield "capitals", text.upper()
    yield "no-break spaces", text.replace(" ", NBSP)
    yield "doubled spaces", text.replace(" ", "  ")
    yield "full-width letters", text.translate(TO_FULL_WIDTH)


def _ways_of_words(text: str) -> Iterator[tuple[str, str]]:
    yield "zero-width spaces", " ".join(word[:1] + ZERO_WIDTH + word[1:] for word in text.split(" "))
    yield "curly quotes", f"“{text.translate(TO_CURLY)}”"
    yield "missing accents", without_accents(text)
    yield "a trailing !", f"{text}!"
    yield "a trailing .", f"{text}."
    yield "a trailing emoji", f"{text} 🙂"


def without_accents(text: str) -> str:
    """The text as people type it who have no accents at hand.

    >>> without_accents("Sì, perché no?")
    'Si, perche no?'
    """
    kept = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(kept))
