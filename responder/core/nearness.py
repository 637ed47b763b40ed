"""Words that a text is one letter off from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import OSA

from responder.core.matching import How, Words

SHORTEST = 4  # letters of words that one wrong letter leaves recognisable
Bucket = tuple[int, int, str]
"""The length of a phrase, and its first or last letter: of one of these, one wrong letter leaves the other as it is."""


class Nearness:
    """The words of rules, by where they stand in a text, how long they are, and how they begin and end."""

    def __init__(self, conditions: Iterable[tuple[int, Words]]) -> None:
        self._phrases: dict[How, dict[Bucket, list[tuple[str, int]]]] = {how: defaultdict(list) for how in How}
        self._most_words = dict.fromkeys(How, 0)
        for position, condition in conditions:
            for alias in condition.aliases:
                if len(alias.folded) >= SHORTEST:
                    self._add(condition.how, alias.folded, position)

    def _add(self, how: How, phrase: str, position: int) -> None:
        self._most_words[how] = max(self._most_words[how], phrase.count(" ") + 1)
        for end in (0, -1):
            self._phrases[how][len(phrase), end, phrase[end]].append((phrase, position))

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        """The position of each rule that is one letter off, with its words and what stands there instead."""
        for how, buckets in self._phrases.items():
            for said in _places(how, self._most_words[how], words):
                for length in (len(said) - 1, len(said), len(said) + 1):
                    for end in (0, -1):
                        for phrase, position in buckets.get((length, end, said[end]), ()):
                            if OSA.distance(said, phrase, score_cutoff=1) == 1:
                                yield position, phrase, said


def _places(how: How, most: int, words: Sequence[str]) -> Iterator[str]:
    """What stands in a text where the words of a condition would; a blank may be the letter that is off."""
    if not most or not words:
        return
    longest = min(most + 1, len(words))
    match how:
        case How.TEXT:
            yield from [" ".join(words)] if len(words) <= most + 1 else []
        case How.STARTS_WITH:
            yield from (" ".join(words[:length]) for length in range(1, longest + 1))
        case How.CONTAINS:
            for length in range(1, longest + 1):
                yield from (" ".join(words[start : start + length]) for start in range(len(words) - length + 1))
