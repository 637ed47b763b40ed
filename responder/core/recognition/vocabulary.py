"""Which words count for whom: those of the file's languages, and of the country that a number belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import ALWAYS, Pack, answers_of
from responder.core.sms.lazily import lazily

NANP = "+1"  # its numbers always get English and French (opt-out reference, section 1, Canada)
LONGEST_PREFIX = 5  # digits

SPANISH = tuple(f"{code}" for code in (34, 376, *range(51, 55), *range(56, 59), *range(502, 508), 591, 593, 595, 598))
_NUMBERS_OF = {
    "en fr": ("1",),
    "en fr es": ("1787", "1939", "1809", "1829", "1849"),
    "en": ("44", "353", "61", "64", "65", "27", "91", "234", "254", "356"),
    "it": ("39", "378"),
    "fr": ("33", "377", "262", "590", "594", "596", "212", "213", "216", "221", "225"),
    "es": SPANISH,
    "pt": ("351", "55", "244", "258"),
    "de": ("49", "43", "423"),
    "nl": ("31", "297", "597", "599"),
    "pl": ("48",),
    "ro": ("40", "373"),
    "de fr it": ("41",),
    "nl fr de": ("32",),
    "fr de": ("352",),
}


def languages_of(number: str) -> tuple[str, ...]:
    """The languages of the country that a number in E.164 belongs to.

    None for other addresses and where no word pack helps.

    >>> languages_of("+393301234567"), languages_of("+15145550100"), languages_of("+41791234567"), languages_of("48383")
    (('it',), ('en', 'fr'), ('de', 'fr', 'it'), ())
    """
    return _of_prefix(number[1 : LONGEST_PREFIX + 1]) if number.startswith("+") else ()


@cache  # of fixed tables, for at most a hundred thousand beginnings
def _of_prefix(digits: str) -> tuple[str, ...]:
    prefixes = {prefix: languages for languages, numbers in _NUMBERS_OF.items() for prefix in numbers}
    found = next((prefixes[digits[:length]] for length in range(len(digits), 0, -1) if digits[:length] in prefixes), "")
    return tuple(found.split())


@dataclass(frozen=True)
class Vocabulary:
    """The words that count for a rules file: of its languages, and of the country of whoever writes."""

    packs: Mapping[str, Pack]
    languages: tuple[str, ...]
    home: str = ""
    """How the numbers of the file's own country begin: for those the file's languages are all."""

    @lazily
    def everywhere(self) -> Lexicon:
        return self._of_languages(self.languages, self.languages)

    @lazily
    def _of_countries(self) -> dict[tuple[str, ...], Lexicon]:
        return {}

    def of(self, originator: str) -> Lexicon:
        """The words that count for an originator.

        Another country brings its opt-out, opt-in and help words; answers to an appointment are those of the file's
        languages, except that North American numbers always have English and French.
        """
        is_north_american = originator.startswith(NANP)
        if self.home and originator.startswith(self.home) and not is_north_american:
            return self.everywhere
        languages = tuple(dict.fromkeys([*self.languages, *languages_of(originator)]))
        if languages == self.languages and not is_north_american:
            return self.everywhere
        known = self._of_countries
        key = (*languages, NANP) if is_north_american else languages
        if key not in known:
            known[key] = self._of_languages(
                languages, languages if is_north_american else self.languages, is_north_american=is_north_american
            )
        return known[key]

    def _of_languages(
        self, languages: Iterable[str], answering: Iterable[str], *, is_north_american: bool = False
    ) -> Lexicon:
        active = [self.packs[language] for language in (ALWAYS, *languages) if language in self.packs]
        answers = answers_of(self.packs[language] for language in (ALWAYS, *answering) if language in self.packs)
        return Lexicon(packs=tuple(active), answers=answers, is_north_american=is_north_american)


def vocabulary(packs: Mapping[str, Pack], languages: Iterable[str], home: str = "") -> Vocabulary:
    """The words that count for a file in these languages, in the country whose numbers begin with ``home``."""
    return Vocabulary(packs, tuple(dict.fromkeys(languages)), home)
