"""What a whole text answers about an appointment, and what becomes of the appointment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responder.core.contact.effects import AppointmentStatus
from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import Answer, lengths_by_first, without

COURTESY = frozenset({  # what a text may hold beside the answer, folded, in any language: unlike the packs' courtesy, nothing that could be an answer
    "please", "pls", "plz", "thanks", "thank you", "thank you so much", "thank you very much", "thanks a lot", "many thanks", "thx", "ty", "cheers",
    "sorry", "im sorry", "hi", "hi there", "hello", "hey", "good morning", "good afternoon", "good evening", "good day", "have a good day",
    "have a nice day", "regards", "kind regards", "best regards", "doctor", "doc", "xx",
    "grazie", "grazie mille", "mille grazie", "per favore", "per piacere", "scusi", "scusa", "scusate", "mi scusi", "mi dispiace", "mi spiace",
    "mi scuso", "perfavore", "x favore", "per cortesia", "grazie a lei", "grazie a voi", "la ringrazio", "vi ringrazio", "gentilmente",
    "cortesemente", "buongiorno", "buon giorno", "buonasera", "buona sera", "buon pomeriggio", "buona giornata", "buona serata", "e buona giornata",
    "grazie e buona giornata", "grazie e buona serata", "salve", "ciao", "saluti", "cordiali saluti", "distinti saluti", "dottore", "dottoressa",
    "bitte", "danke", "danke schon", "dankeschon", "vielen dank", "besten dank", "hallo", "guten tag", "guten morgen", "guten abend", "mfg", "lg",
    "viele grusse", "liebe grusse", "entschuldigung", "tut mir leid", "es tut mir leid",
    "merci", "merci beaucoup", "merci d avance", "svp", "s v p", "stp", "s il vous plait", "sil vous plait", "bonjour", "bonsoir",
    "desole", "desolee",
    "cordialement", "bonne journee", "gracias", "muchas gracias", "por favor", "porfavor", "porfa", "hola", "buenas", "buenos dias",
    "buenas tardes", "lo siento", "disculpe", "saludos", "un saludo",
    "obrigado", "obrigada", "muito obrigado", "muito obrigada", "obg", "ola", "oi", "bom dia", "boa tarde", "boa noite", "desculpe", "desculpa",
    "alstublieft", "alsjeblieft", "aub", "ajb", "a u b", "dank u", "dank u wel", "dank je", "dank je wel", "bedankt", "goedemorgen", "goedemiddag",
    "goedendag", "groetjes", "met vriendelijke groet", "mvg", "het spijt me",
    "dziekuje", "dzieki", "dziekuje bardzo", "prosze", "dzien dobry", "pozdrawiam", "przepraszam", "przykro mi",
    "multumesc", "multumesc frumos", "mersi", "va rog", "te rog", "buna ziua", "buna", "salut", "imi pare rau", "scuze", "o zi buna",
})  # fmt: skip
PARTING = frozenset({  # what may stand beside a yes as well, and would make a riddle of a no
    "great", "good", "fine", "see you", "see you then", "see you there", "see you soon", "see you later", "see you tomorrow", "until tomorrow",
    "a domani", "a presto", "a dopo", "ci vediamo", "ci vediamo domani", "ci vediamo li",
    "bis morgen", "bis dann", "bis bald", "bis spater", "freue mich", "gut",
    "hasta manana", "hasta luego", "hasta pronto", "nos vemos", "nos vemos manana", "ahi nos vemos", "alli nos vemos",
    "a demain", "a bientot", "a plus tard", "ate amanha", "ate logo", "ate la", "ate ja", "la nos vemos",
    "tot morgen", "tot dan", "tot straks", "tot ziens", "do jutra", "do zobaczenia", "pe maine", "ne vedem", "ne vedem maine", "pe curand",
})  # fmt: skip
COURTESY_LENGTHS, PARTING_LENGTHS = lengths_by_first(COURTESY), lengths_by_first(PARTING)
LONGEST_KISS = 2  # letters
REGRET = frozenset(
    {"sorry", "dispiace", "spiace", "scuso", "desole", "desolee", "siento", "spijt", "leid", "przykro", "rau"}
)  # it may mean a no
LONGEST_READ = 12  # words; an answer with more of them says more than an answer

SCHEDULED, CONFIRMED = AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED
CANCELLED, MOVING = AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULE_REQUESTED


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What becomes of an appointment: its new status, and why a person has to look, if one has to."""

    status: AppointmentStatus | None
    hand_off: str | None = None


OUTCOMES: Mapping[tuple[AppointmentStatus, Answer], Change] = {
    (SCHEDULED, Answer.CONFIRM): Change(status=CONFIRMED),
    (SCHEDULED, Answer.CANCEL): Change(status=CANCELLED),
    (SCHEDULED, Answer.RESCHEDULE): Change(status=MOVING),
    (CONFIRMED, Answer.CONFIRM): Change(status=CONFIRMED),
    (CONFIRMED, Answer.CANCEL): Change(status=CANCELLED, hand_off="cancelled after it was confirmed"),
    (CONFIRMED, Answer.RESCHEDULE): Change(status=None, hand_off="wants another day after it was confirmed"),
    (CANCELLED, Answer.CONFIRM): Change(status=None, hand_off="confirms an appointment that was cancelled before"),
    (CANCELLED, Answer.CANCEL): Change(status=CANCELLED),
    (CANCELLED, Answer.RESCHEDULE): Change(
        status=None, hand_off="wants another day for an appointment that was cancelled before"
    ),
    (MOVING, Answer.CONFIRM): Change(status=None, hand_off="confirms after another day was asked for"),
    (MOVING, Answer.CANCEL): Change(status=CANCELLED, hand_off="cancelled after another day was asked for"),
    (MOVING, Answer.RESCHEDULE): Change(status=MOVING),
}
"""Every answer to every appointment; where the status is None nothing changes, and a person decides."""


def read_answer(folded: str, lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """What a whole text answers once courtesy is left out, with the language of its word.

    None if it says more, less or both.

    A yes may be said in several words (``ok sure``); a no has to stand in the packs as it is, since "no cancel" can mean either.
    """
    if whole := lexicon.answers.get(folded):
        return whole
    words = folded.split()
    if not words or len(words) > LONGEST_READ:
        return None
    meant = [_let_go(word) for word in words]
    return _read(words, lexicon) or (_read(meant, lexicon) if meant != words else None)


def _read(words: Sequence[str], lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    kept = _without_repeats(without_courtesy(words))
    return lexicon.answers.get(" ".join(kept)) or _several_yes(without(kept, PARTING, PARTING_LENGTHS), lexicon)


def _let_go(word: str) -> str:
    """A word without the doubled letter that a thumb was late to let go.

    Two letters stay, since ``xx`` is a kiss.

    >>> _let_go("yess"), _let_go("okk"), _let_go("xx"), _let_go("11"), _let_go("yes")
    ('yes', 'ok', 'xx', '11', 'yes')
    """
    return word[:-1] if len(word) > LONGEST_KISS and word[-1] == word[-2] and word[-1].isalpha() else word


def is_courtesy(folded: str) -> bool:
    """Whether a text says thanks or hello, and nothing else.

    >>> is_courtesy("grazie mille"), is_courtesy("mi dispiace"), is_courtesy("grazie a domani"), is_courtesy("")
    (True, False, False, False)
    """
    words = folded.split()
    return 0 < len(words) <= LONGEST_READ and REGRET.isdisjoint(words) and not without_courtesy(words)


def without_courtesy(words: Sequence[str]) -> Sequence[str]:
    """The words that are no courtesy."""
    return without(words, COURTESY, COURTESY_LENGTHS)


def _without_repeats(words: Sequence[str]) -> list[str]:
    """The words, each only once where it was said several times over: ``no no no`` is a no."""
    return [word for place, word in enumerate(words) if place == 0 or word != words[place - 1] or word.isdigit()]


def _several_yes(words: Sequence[str], lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """A yes that is made of several; a letter or digit alone is none of them."""
    found: dict[int, tuple[Answer, str | None] | None] = {0: None}
    for start in range(len(words)):
        if start not in found:
            continue
        for end in range(start + 1, len(words) + 1):
            run = " ".join(words[start:end])
            answer = lexicon.answers.get(run)
            if answer and answer[0] is Answer.CONFIRM and len(run) > 1:
                found.setdefault(end, found[start] or answer)
    return found.get(len(words))
