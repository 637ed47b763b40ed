"""Telephone numbers and other names that stand at the two ends of a message."""

import re
import unicodedata

SHORTEST_NUMBER = 7  # digits; fewer are a short code (gateway reference, section 1.4)
LONGEST_NUMBER = 15  # digits (ITU-T E.164, section 6)
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))  # controls, marks that turn the order around, ends of lines
_PUNCTUATION = re.compile(r"[\s\-./()\u00ad\u200b-\u200f\u2060\ufeff]+")
_INTERNATIONAL = re.compile(rf"\+[0-9]{{{SHORTEST_NUMBER},{LONGEST_NUMBER}}}")


def canonical(raw: str) -> str:
    """The one spelling of an address, by rules that never change, since message keys rest on it.

    A lost plus, ``00`` and bare digits become E.164; short codes and names stay as they are, without what nobody sees.

    >>> [canonical(raw) for raw in (" 393301234567", "0039 330 123-4567", "48383", " Acme\\x1bBank ")]
    ['+393301234567', '+393301234567', '48383', 'AcmeBank']
    """
    if _INTERNATIONAL.fullmatch(raw):
        return raw
    text = "".join(c for c in unicodedata.normalize("NFKC", raw) if unicodedata.category(c) not in UNSEEN).strip()
    digits = _PUNCTUATION.sub("", text)
    bare = digits.removeprefix("+")
    if not (bare.isascii() and bare.isdigit()):
        return text
    number = bare.removeprefix("00") if digits.startswith("00") else bare
    if digits.startswith("+") or SHORTEST_NUMBER <= len(number) <= LONGEST_NUMBER:
        return f"+{number}"
    return digits


def is_dialable(address: str) -> bool:
    """Whether a canonical address can be sent an answer: no name, no short code, nothing withheld.

    >>> is_dialable("+393301234567"), is_dialable("48383"), is_dialable("AcmeBank")
    (True, False, False)
    """
    return _INTERNATIONAL.fullmatch(address) is not None


def number_from(typed: str, country: str) -> str:
    """The E.164 number that a person typed in a rules file, a CSV or a command.

    ValueError says what is wrong with it.

    >>> number_from("330 123 4567", "IT")
    '+393301234567'
    """
    import phonenumbers  # noqa: PLC0415  (its tables are large, and the web process does without them)

    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"{typed!r} is not a telephone number, expected for example +393301234567") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError(
            f"{typed!r} has too many or too few digits for a telephone number, expected for example +393301234567"
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def end_from(typed: str, country: str) -> str:
    """Either end of a message as a person typed it: a number as everywhere, a short code, or a name.

    >>> end_from("330 123 4567", "IT"), end_from("48383", "IT"), end_from("AcmeBank", "IT")
    ('+393301234567', '48383', 'AcmeBank')
    """
    address = canonical(typed)
    is_short = address.isdigit() and len(address) < SHORTEST_NUMBER
    is_name = not address.startswith("+") and any(map(str.isalpha, address))
    return address if is_short or is_name else number_from(typed, country)


def is_country(code: str) -> bool:
    """Whether a code names a country that has telephone numbers.

    >>> is_country("IT"), is_country("UK")
    (True, False)
    """
    import phonenumbers  # noqa: PLC0415  (likewise)

    return code in phonenumbers.SUPPORTED_REGIONS


def calling_code(country: str) -> str:
    """How the numbers of a country begin.

    >>> calling_code("IT")
    '+39'
    """
    import phonenumbers  # noqa: PLC0415  (likewise)

    return f"+{phonenumbers.country_code_for_region(country)}"


def mask(address: str) -> str:
    """The address with all but its beginning and its last two characters hidden, for logs.

    >>> mask("+393301234567")
    '+39…67'
    """
    return f"{address[:3]}…{address[-2:]}" if len(address) > SHORTEST_NUMBER else "…"
