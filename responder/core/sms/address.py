"""Telephone numbers and other names that stand at the two ends of a message."""

import re
import unicodedata

from responder.core.sms.typed_times import shown

SHORTEST_NUMBER = 7  # digits; fewer are a short code (gateway reference, section 1.4)
SHORTEST_CODE = 3  # digits
LONGEST_NUMBER = 15  # digits (ITU-T E.164, section 6)
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))  # controls, marks that turn the order around, ends of lines
_PUNCTUATION = re.compile(r"[\s\-./()\u00ad\u200b-\u200f\u2060\ufeff]+")
NOBODYS = "+39000000000"  # begins the numbers that our examples and samples use
EXPECTED = "expected for example +393301234567"
AS_TEXT = "make the column one of text, and type the number anew"
_MARKS = frozenset(" .-()[]+")
_WIDE = {"＋": "+", "（": "(", "）": ")", "．": "."}
_FRAME = re.compile(r"""="(.*)"|['’]?(?:[Tt][Ee][Ll]:)?(.*)""", re.DOTALL)  # of a cell of text, and of a link
_ROUNDED = re.compile(r"[0-9.,+ ]+[Ee][+-]?[0-9]+")
_DECIMAL = re.compile(r"\.[0-9]$|^[^.]*\.0+$")
_INTERNATIONAL = re.compile(rf"\+[0-9]{{{SHORTEST_NUMBER},{LONGEST_NUMBER}}}")

_WITHOUT_TEXTS = {
    "FIXED_LINE": "it is a landline, which most likely gets no texts",
    "PREMIUM_RATE": "it is a premium-rate number, which belongs to no person",
    "TOLL_FREE": "it is a toll-free number, which belongs to no person",
    "SHARED_COST": "it is a number of a service, which belongs to no person",
    "UAN": "it is a number of a company, which most likely gets no texts",
    "PAGER": "it is a pager, which most likely gets no texts",
    "VOICEMAIL": "it is a number for voice messages, which gets no texts",
}
"""What kinds of valid numbers are doubtful, by their names in ``phonenumbers``."""


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
    """The E.164 number that a person typed or a spreadsheet wrote, wherever it stands.

    ValueError says what is wrong with it: nothing is dropped, cut or guessed.

    >>> number_from("330 123 4567", "IT")
    '+393301234567'
    """
    import phonenumbers  # noqa: PLC0415  (its tables are large, and the web process does without them)

    plain = _plain_number(typed)
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"{shown(typed)} is not a telephone number, {EXPECTED}") from error
    if SHORTEST_CODE <= len(plain) < SHORTEST_NUMBER and plain.isdigit():
        raise ValueError(f"{shown(typed)} is a short code or the end of a number, {EXPECTED}")
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{shown(typed)} has too many or too few digits for a telephone number, {EXPECTED}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def doubt_about(number: str) -> str | None:
    """Why a number in E.164 may be a wrong one although it can be read; None if nothing speaks against it.

    >>> doubt_about("+393301234567"), doubt_about("+390212345678")
    (None, 'it is a landline, which most likely gets no texts')
    >>> doubt_about("+393331234")
    'no number in IT is like this: its length or its first digits do not fit'
    """
    import phonenumbers  # noqa: PLC0415  (likewise)

    read = phonenumbers.parse(number, None)
    if phonenumbers.is_valid_number(read):
        return _WITHOUT_TEXTS.get(phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(read)))
    if number.startswith(NOBODYS):
        return None
    country = phonenumbers.region_code_for_country_code(read.country_code or 0)
    return f"no number in {country} is like this: its length or its first digits do not fit"


def _plain_number(typed: str) -> str:
    """The digits of a number, with the plus that it may begin with. ValueError for whatever else stands there."""
    found = _FRAME.fullmatch(typed.strip())
    inner = "".join(map(_plain_character, (found[1] or found[2]) if found else ""))
    if _ROUNDED.fullmatch(inner):
        raise ValueError(f"{shown(typed)} is a number that a spreadsheet has rounded: {AS_TEXT}")
    if _DECIMAL.search(inner):
        raise ValueError(f"{shown(typed)} has a dot before its last digit, as spreadsheets write a sum: {AS_TEXT}")
    if foreign := next((c for c in inner if c not in _MARKS and not c.isdecimal()), None):
        kind = "the letter" if foreign.isalpha() else "the character"
        is_nearly = sum(map(str.isdecimal, inner)) >= SHORTEST_NUMBER
        reason = f": {kind} {foreign!r} cannot stand in one" if is_nearly else ""
        raise ValueError(f"{shown(typed)} is not a telephone number{reason}, {EXPECTED}")
    digits = "".join(filter(str.isdecimal, inner))
    marks = inner.partition(digits[0])[0] if digits else inner
    if inner.count("+") > marks.count("+") or inner.count("+") > 1:
        raise ValueError(f"{shown(typed)} has a plus inside: write one number alone, {EXPECTED}")
    return inner


def _plain_character(character: str) -> str:
    """A character as it is typed on every keyboard; nothing for one that nobody sees."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    category = unicodedata.category(character)
    if category == "Zs" or character.isspace():
        return " "
    if category in UNSEEN:
        return ""
    return "-" if category == "Pd" or character == "\u2212" else _WIDE.get(character, character)


def end_from(typed: str, country: str) -> str:
    """Either end of a message as a person typed it: a number as everywhere, a short code, or a name.

    >>> end_from("330 123 4567", "IT"), end_from("48383", "IT"), end_from("AcmeBank", "IT")
    ('+393301234567', '48383', 'AcmeBank')
    """
    address = canonical(typed)
    is_short = address.isdigit() and len(address) < SHORTEST_NUMBER
    digits = sum(map(str.isdigit, address))
    is_name = not address.startswith("+") and any(map(str.isalpha, address)) and digits < SHORTEST_NUMBER
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
