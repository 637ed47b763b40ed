"""The languages of a country, by the beginning of its numbers: people answer in their own."""

from functools import cache

NANP = "+1"  # its numbers always get English and French (opt-out reference, section 1, Canada)
LONGEST_PREFIX = 5  # digits

_NUMBERS_OF = {
    "en fr": ("1",),
    "en fr es": ("1787", "1939", "1809", "1829", "1849"),
    "en": ("44", "353", "61", "64", "65", "27", "91", "234", "254", "356"),
    "it": ("39", "378"),
    "fr": ("33", "377", "262", "590", "594", "596", "212", "213", "216", "221", "225"),
    "es": (
        "34",
        "376",
        "51",
        "52",
        "53",
        "54",
        "56",
        "57",
        "58",
        "502",
        "503",
        "504",
        "505",
        "506",
        "507",
        "591",
        "593",
        "595",
        "598",
    ),
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
