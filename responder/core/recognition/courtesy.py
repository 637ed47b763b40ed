"""What people say beside an answer, in any language: thanks, hello, good-bye, and their name."""

from collections.abc import Container, Iterator, Sequence

from responder.core.recognition.packs import lengths_by_first, without
from responder.core.sms.written import Token, Written

COURTESY = frozenset({
    "please", "pls", "plz", "thanks", "thank you", "thank you so much", "thank you very much", "thanks a lot",
    "many thanks", "thx", "ty", "cheers", "sorry", "im sorry", "hi", "hi there", "hello", "hey", "good morning",
    "good afternoon", "good evening", "good day", "have a good day", "have a nice day", "regards", "kind regards",
    "best regards", "doctor", "doc", "xx", "grazie", "grazie mille", "grz",
    "grz mille", "gent ma", "gent mo", "gentile", "egregio", "egregi", "mille grazie", "per favore", "per piacere",
    "scusi", "scusa", "scusate", "mi scusi", "mi dispiace", "mi spiace", "mi scuso", "perfavore", "x favore",
    "per cortesia", "grazie a lei", "grazie a voi", "la ringrazio", "vi ringrazio", "gentilmente", "cortesemente",
    "buongiorno", "buon giorno", "buonasera", "buona sera", "buon pomeriggio", "buona giornata", "buona serata",
    "e buona giornata", "grazie e buona giornata", "grazie e buona serata", "salve", "ciao", "saluti",
    "cordiali saluti", "distinti saluti", "dottore", "dottoressa", "bitte", "danke", "danke schon", "dankeschon",
    "vielen dank", "besten dank", "hallo", "guten tag", "guten morgen", "guten abend", "mfg", "lg", "viele grusse",
    "liebe grusse", "entschuldigung", "tut mir leid", "es tut mir leid", "merci", "merci beaucoup", "merci d avance",
    "svp", "s v p", "stp", "s il vous plait", "sil vous plait", "bonjour", "bonsoir", "desole", "desolee",
    "cordialement", "cumprimentos", "melhores cumprimentos", "vriendelijke groeten", "groeten", "salutari",
    "cu stima", "gruss", "grusse", "vg", "bonne journee", "gracias", "muchas gracias", "por favor", "porfavor",
    "porfa", "hola", "buenas", "buenos dias", "buenas tardes", "lo siento", "disculpe", "saludos", "un saludo",
    "obrigado", "obrigada", "muito obrigado", "muito obrigada", "obg", "ola", "oi", "bom dia", "boa tarde",
    "boa noite", "desculpe", "desculpa", "alstublieft", "alsjeblieft", "aub", "ajb", "a u b", "dank u", "dank u wel",
    "dank je", "dank je wel", "bedankt", "goedemorgen", "goedemiddag", "goedendag", "groetjes",
    "met vriendelijke groet", "mvg", "het spijt me", "dziekuje", "dzieki", "dziekuje bardzo", "prosze", "dzien dobry",
    "pozdrawiam", "przepraszam", "przykro mi", "multumesc", "multumesc frumos", "mersi", "va rog", "te rog",
    "buna ziua", "buna", "salut", "imi pare rau", "scuze", "o zi buna", "bacio", "un bacio", "baci", "bacioni",
    "un abbraccio", "abbracci", "kisses", "hugs", "xoxo", "bisous", "gros bisous", "bises", "bise", "biz", "un beso",
    "besos", "besitos", "un abrazo", "abrazos", "um beijo", "beijo", "beijos", "beijinhos", "bjs", "um abraco",
    "abraco", "abracos", "bussi", "kuss", "kusschen", "kusjes", "kusje", "liefs", "buziaki", "buziaczki", "calusy",
    "pupici", "te pup", "va pup", "o imbratisare",
})  # fmt: skip
PARTING = frozenset({
    "great", "good", "fine", "see you", "see you then", "see you there", "see you soon", "see you later",
    "see you tomorrow", "until tomorrow", "a domani", "a presto", "a dopo", "ci vediamo", "ci vediamo domani",
    "ci vediamo li", "bis morgen", "bis dann", "bis bald", "bis spater", "freue mich", "gut", "hasta manana",
    "hasta luego", "hasta pronto", "nos vemos", "nos vemos manana", "ahi nos vemos", "alli nos vemos", "a demain",
    "a bientot", "a plus tard", "ate amanha", "ate logo", "ate la", "ate ja", "la nos vemos", "tot morgen", "tot dan",
    "tot straks", "tot ziens", "do jutra", "do zobaczenia", "pe maine", "ne vedem", "ne vedem maine", "pe curand",
})  # fmt: skip
"""COURTESY may stand beside any answer, so nothing in it could be one; PARTING makes a riddle of a no."""

ALSO_WORDS = frozenset({"jan", "mark", "rosa", "sol", "alba", "marina"})  # names that mean something else as well
LONGEST_NAME = 5  # words, titles and particles included
LONGEST_SIGNED = 16  # words of a text whose name is looked for
MOST_INITIALS = 3
PARTICLES = frozenset({
    "de", "di", "da", "del", "della", "dal", "lo", "la", "le", "van", "von", "der", "den", "dos", "das", "do", "mac",
    "zu", "el", "y", "e", "and", "dott", "dottor", "dottssa", "dottoressa", "sig", "signor", "signora", "sigra", "mr",
    "mrs", "ms", "miss", "dr", "prof", "frau", "herr", "mme", "mlle", "monsieur", "madame", "sr", "sra", "srta",
    "don", "dona", "dhr", "mevr", "mevrouw", "pan", "pani", "dna", "dl", "doamna", "domnul", "fam", "familie",
    "famiglia", "famille", "familia", "rodzina", "family", "senor",
    "senora", "senhor", "senhora", "signorina", "panem", "pania",
})  # fmt: skip
INTRODUCERS = frozenset({
    "sono", "sono io", "qui", "from", "by", "this is", "its", "it is", "im", "i am", "here is", "soy", "de",
    "de parte de", "habla", "ich bin", "hier", "hier ist", "von", "je suis", "cest", "ici", "de la part de", "sou",
    "sou a", "sou o", "aqui", "aqui e", "aqui e o", "aqui e a", "ik ben", "met", "hier is", "van", "jestem", "tu",
    "mowi", "z tej strony", "sunt", "aici", "din partea", "da parte di", "la", "il", "el", "o", "a",
})  # fmt: skip
THANKS_BACK = frozenset({
    "grazie a lei", "grazie a voi", "grazie a te", "a lei grazie", "a voi grazie", "a lei", "a voi", "ringrazio io",
    "grazie io", "sono io che ringrazio", "thanks to you", "thank you too", "its me who thanks you",
    "ich danke ihnen", "ich danke euch", "ich danke dir", "danke ihnen", "danke euch", "danke dir",
    "ich habe zu danken", "merci a vous", "merci a toi", "cest moi", "cest moi qui vous remercie",
    "cest moi qui remercie", "gracias a usted", "gracias a ustedes", "gracias a ti", "gracias a vosotros", "a usted",
    "a ustedes", "a ti", "obrigado eu", "obrigada eu", "eu e que agradeco", "obrigado a si", "obrigada a si",
    "obrigado a voce", "obrigada a voce", "obrigado a voces", "obrigada a voces", "obrigado voce", "obrigada voce",
    "u bedankt", "jij bedankt", "jullie bedankt", "ik dank u", "u ook bedankt", "u wordt bedankt", "to ja dziekuje",
    "ja dziekuje", "dziekuje panu", "dziekuje pani", "dziekuje panstwu", "dziekuje wam", "eu va multumesc",
    "eu multumesc", "multumesc eu", "multumesc si eu", "multumesc dumneavoastra", "va multumesc eu", "multumesc voua",
})  # fmt: skip
"""What answers our own thanks: ``no, grazie a lei`` is no no."""
POLITE_NO = frozenset({
    "no", "nope", "non", "nein", "nao", "nee", "nie", "nu", "ma", "anzi", "macche", "prego", "oh", "ach", "ah", "aber",
    "mais", "hombre", "mujer", "hoor",
})  # fmt: skip
# it may mean a no
REGRET = frozenset(
    {"sorry", "dispiace", "spiace", "scuso", "desole", "desolee", "siento", "spijt", "leid", "przykro", "rau"}
)
_COURTESY_LENGTHS, _PARTING_LENGTHS = lengths_by_first(COURTESY), lengths_by_first(PARTING)
_POLITE_WORDS = frozenset(word for said in (*COURTESY, *PARTING) for word in said.split())
_BACK_LENGTHS = lengths_by_first(THANKS_BACK)


def without_courtesy(words: Sequence[str]) -> Sequence[str]:
    return without(words, COURTESY, _COURTESY_LENGTHS)


def without_parting(words: Sequence[str]) -> Sequence[str]:
    """The words that do not say good-bye."""
    return without(words, PARTING, _PARTING_LENGTHS)


def thanks_back(words: Sequence[str]) -> bool:
    """Whether words only give our thanks back.

    >>> thanks_back("no no grazie a lei".split()), thanks_back("no grazie".split())
    (True, False)
    """
    rest = without(words, THANKS_BACK, _BACK_LENGTHS)
    return len(rest) < len(words) and all(word in POLITE_NO for word in without_courtesy(rest))


def only_courtesy(words: Sequence[str]) -> bool:
    """Whether words say thanks or hello and nothing else, without regret.

    >>> only_courtesy(["grazie", "mille"]), only_courtesy(["mi", "dispiace"]), only_courtesy(["grazie", "a", "domani"])
    (True, False, False)
    """
    return REGRET.isdisjoint(words) and (not without_courtesy(words) or thanks_back(words))


def ways_without_names(written: Written, packed: Container[str], names: frozenset[str]) -> Iterator[Sequence[str]]:
    """The words of a text as they stand, without kisses and initials, and without a name before or behind.

    Words that are ``packed`` are no names; ``names`` are known to be those of whoever writes.
    """
    tokens = written.tokens
    whole = [token.folded for token in tokens]
    yield whole
    if not 1 < len(tokens) <= LONGEST_SIGNED:
        return
    kept = _without_initials(tokens)
    yield from _unless(kept, tokens)
    for start, end in _named(kept, written, packed, names):
        rest = [*kept[:start], *kept[end:]]
        yield [token.folded for token in rest]
        yield from _unless(_without_initials(rest), rest)


def _unless(kept: Sequence[Token], same: Sequence[Token]) -> Iterator[Sequence[str]]:
    if len(kept) < len(same):
        yield [token.folded for token in kept]


def _without_initials(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens without single letters at the end, such as a kiss or an initial, that follow a word."""
    end = len(tokens)
    while end > 1 and is_initial(tokens[end - 1].folded) and len(tokens) - end < MOST_INITIALS:
        end -= 1
    return tokens[:end] if not is_initial(tokens[end - 1].folded) else tokens


def is_kiss(word: str) -> bool:
    return set(word) == {"x"}


def is_initial(word: str) -> bool:
    """Whether a folded word is one letter, or two kisses."""
    return (len(word) == 1 and word.isalpha()) or word == "xx"


def _named(
    tokens: Sequence[Token], written: Written, packed: Container[str], names: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Where a name may stand: at the end, or before a pause at the beginning."""
    count = len(tokens)
    for start in range(1, count):
        if _is_name(tokens[start:], written, packed, names):
            yield start, count
            yield _introduced(tokens, start), count
    for end in range(count - 1, 0, -1):
        if tokens[end].before and _is_name(tokens[_greeting(tokens, end) : end], written, packed, names):
            yield 0, end
            break


def _introduced(tokens: Sequence[Token], start: int) -> int:
    """Where a name begins, with the words that introduce it: ``this is Mary``, but not ``no soy Mary``."""
    for length in range(4, 0, -1):
        begins = start - length
        if begins > 0 and " ".join(token.folded for token in tokens[begins:start]) in INTRODUCERS:
            is_denied = tokens[begins - 1].folded in POLITE_NO and not tokens[begins].before
            return start if is_denied else begins
    return start


def _greeting(tokens: Sequence[Token], end: int) -> int:
    lengths = (length for length in range(min(4, end - 1), 0, -1))
    return next((n for n in lengths if " ".join(token.folded for token in tokens[:n]) in INTRODUCERS), 0)


def _is_name(tokens: Sequence[Token], written: Written, packed: Container[str], names: frozenset[str]) -> bool:
    """Whether words are a name: capitals that no pack knows as a word, or words that are known to be one."""
    if len(tokens) > LONGEST_NAME:
        return False
    if all(token.folded in names for token in tokens):
        return True
    if written.is_shouted:
        return False
    telling = [token for token in tokens if token.folded not in PARTICLES and not is_initial(token.folded)]
    known = [token for token in telling if token.folded in names]
    if not telling or not all(token in known or looks_like_name(token, packed) for token in telling):
        return False
    # where a phone writes a capital by itself
    begins_sentence = tokens[0].before in (".", "?") and tokens[0] in telling
    return not begins_sentence or len(telling) > 1 or bool(known)


def looks_like_name(token: Token, packed: Container[str]) -> bool:
    """Whether a word has the capital of a name and is none that we know."""
    if token.folded in ALSO_WORDS:
        return token.is_capital
    return (
        token.is_capital
        and token.folded.isalpha()
        and len(token.folded) > 1
        and token.folded not in packed
        and token.folded not in _POLITE_WORDS
    )
