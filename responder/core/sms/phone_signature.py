"""The lines that phones and mail programs write under a text by themselves."""

import re
import unicodedata
from collections.abc import Sequence

LONGEST_LINE = 120  # characters
MOST_LINES = 3  # under each other: the phone's, the mail program's, the rule above them
MOST_WORDS = 14
APOSTROPHE = "'’"
SENT = frozenset({
    "sent", "inviato", "inviata", "spedito", "spedita", "mandato", "envoye", "envoyee", "expedie", "enviado", "enviada",
    "gesendet", "verzonden", "verstuurd", "verstuurt", "gestuurd", "wyslane",
    "wyslano", "wyslana", "wyslany", "trimis", "trimisa", "expediat",
})  # fmt: skip
"""How a line begins, or ends in German and Dutch, that says by what a text was sent."""
GET = frozenset({
    "get", "download", "scarica", "ottieni", "obtenez", "obtenir", "telecharger", "telechargez", "obtener", "obten",
    "descargar", "descarga", "obtenha", "obter", "baixe", "baixar", "transferir", "holen", "laden", "beziehen",
    "herunterladen", "downloaden", "ophalen", "haal", "pobierz", "uzyskaj", "obtineti", "obtine", "descarcati",
    "descarca",
})  # fmt: skip
"""The same of a line that offers a program."""
MINE = frozenset({"my", "mio", "mia", "mon", "ma", "mi", "meu", "minha", "meinem", "meiner", "mijn", "mojego", "mojej"})
DEVICES = frozenset({
    "iphone", "ipad", "ipod", "android", "androida", "androidem", "galaxy", "samsung", "samsunga", "huawei", "xiaomi",
    "redmi", "pixel", "google", "nokia", "motorola", "moto", "oppo", "honor", "oneplus", "realme", "sony", "xperia",
    "htc", "wiko", "fairphone", "nexus", "blackberry", "windows", "outlook", "yahoo", "gmail", "gmx", "aol", "proton",
    "protonmail", "icloud", "hotmail", "thunderbird", "bluemail", "libero", "mail", "email", "ios", "phone",
    "mobile", "cell", "cellphone", "smartphone", "smartfona", "smartfonu", "tablet", "tabletu", "device", "handheld",
    "cellulare", "telefono", "telefonino", "dispositivo", "telephone", "portable", "appareil", "courrier",
    "movil", "celular", "telemovel", "telefone", "aparelho", "handy", "mobilgerat", "endgerat",
    "gerat", "mobiltelefon", "telefon", "telefoon", "mobiel", "gsm", "toestel", "apparaat", "telefonu", "komorki",
    "urzadzenia", "telefonul", "mobil", "mobilul", "mobilnej", "dispozitivul", "tableta",
})  # fmt: skip
"""What texts are sent by; one of them stands in each such line, or a word behind ``MINE``."""
LINKS = frozenset({
    "from", "via", "with", "using", "by", "for", "on", "through", "the", "a", "an", "da", "dal", "dalla", "dall", "con",
    "tramite", "per", "su", "il", "lo", "la", "l", "un", "una", "de", "depuis", "avec", "partir", "pour", "sur", "du",
    "d", "le", "votre", "desde", "para", "el", "tu", "do", "pelo", "pela", "o", "no", "em", "com", "von", "vom", "mit",
    "uber", "fur", "auf", "der", "dem", "einem", "einer", "sie", "sich", "vanaf", "vanuit", "van", "met", "voor", "op",
    "het", "een", "mijn", "z", "ze", "przez", "za", "pomoca", "dla", "na", "w", "pe", "din", "cu", "pentru",
    "diese", "nachricht", "wurde", "dit", "bericht", "is", "aplikacji", "aplikacje", "systemu", "programu", "program",
})  # fmt: skip
MODELS = frozenset({
    "plus", "pro", "ultra", "max", "mini", "edge", "note", "lite", "air", "fold", "flip", "duos", "neo", "lte",
    "wireless", "app", "t", "k", "lg", "tm", "wp", "orange", "vodafone", "telekom", "verizon", "ul", "em", "ului",
    "meu", "mea", "secure", "secured", "encrypted", "web", "posta", "courrier", "correo", "correio", "poczty", "poczta",
})  # fmt: skip
"""What stands with a device: whose it is, what it is called further, and endings behind a dash or an apostrophe."""
PROGRAMS = frozenset({"outlook", "bluemail", "gmail", "yahoo", "proton", "protonmail", "aol", "gmx", "thunderbird"})
BY_POST = frozenset({"by", "per", "for", "pour", "para"})
"""What makes of "sent" what somebody did: sent by mail."""
OPENERS = frozenset({"von", "vom", "diese", "dit"})
"""How a line begins that ends with what others begin with."""
PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss"})
ADDRESS = re.compile(r"\s*<?https?://\S+")
EDGES = re.compile(r"^[^\w?]*|[^\w?]*$")
PLAIN = re.compile(rf"(?:[\w ,&/+{APOSTROPHE}\u00a0\u2010\u2011-]|\.(?=\w))+")
"""What stands in such a line; a colon or a full stop makes another thing of it."""
RULE = re.compile(r"[-_=*–—\s]{2,}")
EXCUSE = re.compile(
    r"(?i)[\s.,;!–-]+(?=[\w\s'’,]*(?:typo|brev|error|mistake|autocorrect|spelling|faute|fehler|kürze|concis|fout|"
    r"literów|błęd|greșel|fallas?\b|erros?\b))(?:(?:please|kindly|bitte|merci|por favor|proszę|vă rog)[ ,]+)?"
    r"(?:d[’'])?(?:excus|pardon|forgive|sorry|apolog|scus|perdon|désol|disculp|entschuldig|verzei|desculp|przeprasza|"
    r"wybacz|scuz)\w*(?: (?!stop)[\w'’]+){1,8}[.!]*$"
)
"""What some people have their phone say behind it."""
GOES_ON = re.compile(r"\s*[:.,;!–—]\s*|\s+-\s+")
BEGINNING = re.compile(
    r"\b(?:Sent|Inviat[oa]|Envoyé|Enviad[oa]|Gesendet|Von|Diese Nachricht|Verzonden|Verstuurd|Wysłan[eoay]|Trimis|Get|"
    r"Download|Scarica|Ottieni|Télécharge[rz]|Obt[eé]n\w*|Obter|Descarga|Holen|Outlook|Pobierz|Uzyskaj|Obțineți|"
    r"Descărcați) "
)
"""How such a line begins where a program has made one line of all."""


def without_signature(text: str) -> str:
    """The text without the last lines, if those are what a phone writes under a text.

    >>> without_signature("Stop\\n\\nSent from my iPhone")
    'Stop'
    >>> without_signature("ok\\nSent from my phone: STOP")
    'ok\\nSent from my phone: STOP'
    """
    found = text
    for _ in range(MOST_LINES):
        body = found.rstrip()
        line = max(body.rfind("\n"), body.rfind("\r")) + 1
        is_signed = found is not text
        if not body[:line].strip() or not (
            is_signature(body[line:]) or (is_signed and RULE.fullmatch(body[line:]) is not None)
        ):
            break
        found = body[:line].rstrip()
    return found


def without_last_words(text: str) -> str:
    """The text without a signature that stands in the same line.

    >>> without_last_words("Stop. Sent from my iPhone"), without_last_words("a text Sent from my phone to you")
    ('Stop.', 'a text Sent from my phone to you')
    """
    begun = list(BEGINNING.finditer(text, max(0, len(text) - LONGEST_LINE)))
    last = next((found.start() for found in begun if is_signature(text[found.start() :])), 0)
    return text[:last].rstrip(" \t\n\r-–—(|*_") or text


def without_first_words(text: str) -> str:
    """The text without a signature at the beginning of its last line, which goes on with something else.

    >>> without_first_words("ok\\nSent from my phone: STOP")
    'ok\\nSTOP'
    """
    line = max(text.rfind("\n"), text.rfind("\r")) + 1
    if not BEGINNING.match(text, line):
        return text
    marks = GOES_ON.finditer(text, line, line + LONGEST_LINE)
    ends = (mark.end() for mark in marks if is_signature(text[line : mark.start()]))
    return next((text[:line] + text[end:] for end in ends), text)


def is_signature(line: str) -> bool:
    """Whether a line says by what phone or program a text was sent, and nothing else.

    >>> is_signature("Von meinem iPhone gesendet"), is_signature("Inviato dal mio telefono, basta messaggi")
    (True, False)
    """
    if len(line) > LONGEST_LINE:
        return False
    line = EDGES.sub("", ADDRESS.sub("", EXCUSE.sub("", line)))
    words = _words(line) if PLAIN.fullmatch(line) else ()
    return 1 < len(words) <= MOST_WORDS and _says_by_what(words)


def _words(line: str) -> Sequence[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", line.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain.translate(PLAIN_LETTERS))


def _says_by_what(words: Sequence[str]) -> bool:
    """Whether all words are those of a device or program, but for one name where a name may stand."""
    first, last = words[0], words[-1]
    rest = [word for word in words if word not in SENT and word not in GET]
    names = [place for place, word in enumerate(rest) if not _is_known(word)]
    before = rest[names[0] - 1] if names and names[0] else ""
    if len(names) > 1 or (names and before not in MINE and before not in LINKS):
        return False
    if first in SENT or (last in SENT and first in OPENERS):
        return words[1] not in BY_POST and (before in MINE or not DEVICES.isdisjoint(rest))
    return (first in GET or last in GET) and not PROGRAMS.isdisjoint(rest)


def _is_known(word: str) -> bool:
    return word in DEVICES or word in LINKS or word in MINE or word in MODELS or any(c.isdigit() for c in word)
