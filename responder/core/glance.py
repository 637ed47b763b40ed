"""A first look at a text, which passes over most of those that ask for nothing above the rules, at a fraction of the cost."""

from collections.abc import Sequence

from responder.core.lexicon import Lexicon
from responder.core.words import TELLING, first_letters, without


def passes_over(folded: str, lexicon: Lexicon) -> bool:
    """Whether a text holds nothing of a lexicon that recognition looks for; if not, it may all the same hold nothing.

    Look-alikes of Latin letters are left to recognition.
    """
    words = folded.split()
    return folded.isascii() and lexicon.tell_tales.isdisjoint(words) and not _may_be_one_word(words, folded, lexicon)


def _may_be_one_word(words: Sequence[str], folded: str, lexicon: Lexicon) -> bool:
    """Whether a text may be a word run together or taken apart, by how it begins with its courtesy and without."""
    begins = first_letters(words[0])
    if len(begins) == TELLING and words[0] not in lexicon.courtesy_lengths:
        return begins in lexicon.beginnings
    ways = folded, " ".join(without(words, lexicon.courtesy, lexicon.courtesy_lengths))
    return any(len(begins) < TELLING or begins in lexicon.beginnings for begins in map(first_letters, ways))
