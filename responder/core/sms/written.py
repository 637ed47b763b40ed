"""A text as somebody wrote it: what it quotes, what smiles in it, what asks, and how its words were typed."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from responder.core.sms.lazily import lazily
from responder.core.sms.phone_signature import without_first_words, without_last_words, without_signature
from responder.core.sms.text import APOSTROPHES, fold

LONGEST_LEAD, LONGEST_TRAIL = 48, 24  # characters before and behind what a reaction quotes
LONGEST_MARKED = 3000  # characters: of a longer text only the words are read
MOST_REACTING = 8  # words that a phone writes around what it quotes
SHORTEST_QUOTATION = 2  # words: one word in quotation marks is the writer's own
LONGEST_OWN = 6  # words of a text that is in quotation marks as a whole and is still the writer's own
OPENING, CLOSING, STRAIGHT = "“„«‟❝", "”“»‟❞", '"＂'
QUOTATION_MARKS = frozenset(OPENING + STRAIGHT)
QUOTED_LINE = re.compile(r"^[ \t]*(?:>|\|[ \t]?>|&gt;).*$", re.MULTILINE)
WORD = re.compile(rf"[^\W_](?:[^\W_]|[{APOSTROPHES}](?=[^\W\d_])|[\u0300-\u036f])*[{APOSTROPHES}]?")
EMOTICON = re.compile(
    r"""(?<![^\W_])(?: [<>]?[:;=]['’]?[-o^~]?[()\[\]{}|/\\dDpPbBcCoOsSxX*@$0-9&<>]+ | [()\[\]{}dDcC][-o^]?['’]?[:;=]
    | </?3+ | [xX]+[dD]+ | [xX]\.[xX] | (?<!\.)[\^>oOu-][._]+[\^<oOu-](?!\.) | T_+T | \^{2,} )(?![^\W_])""",
    re.VERBOSE,
)
PICTURE = re.compile(
    "(?:[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff]"
    "[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff\u2640\u2642]*)"
)
AGREES, REFUSES = frozenset("👍✅✔☑👌🆗"), frozenset("👎❌✖❎🙅🚫")
FRIENDLY = frozenset(
    "🙏😊🙂😀😃😄😁😆😉☺😍🥰😘😗😙😚🤗🤩❤♥💕💖💗💓💞💝💛💚💙💜🧡🖤🤍🌹🌷🌸🌺🌻💐💋👏🤝👋🎉✨⭐🌟💪🙌😇🥳😎🌞☀🍀"
)
SUBJECT = re.compile(
    r"(?i)\s*(?:(?:re|r|rif|aw|antw|antwort|res|odp|subject|oggetto|betreff|asunto|objet|assunto|onderwerp|temat|"
    r"subiect)\s*:\s*|\(no subject\)\s*|\[sent from [^\]]{1,20}\]\s*)+(?=\S)"
)
"""What mail programs and web pages put before a text."""
QUESTION = "?？⁇؟⁈⁉❓❔"
QUESTIONS = frozenset(QUESTION)
SENTENCE_END = f".!…\n\r;。！{QUESTION}"
JOINING = ("-", "–", "‐", "‑", "/")  # which make one word of two where no blank stands beside them
PAUSE = ",:–—-()[]/|•"
LIKES = re.compile(
    r"(?i)👍|❤|♥|😍|🥰|\b(?:lik|lov|piace|piaciut|ador|cuore|aim|c(?:œ|oe)ur|gust|encant|gef[aä]ll|liebt?|mag\b|"
    r"gost|curt|amou|leuk|geliefd|vind|lubi|polub|uwielb|podoba|pl[aă]c|apreci|iubit|inim)"
)
TAKES_BACK = re.compile(
    r"(?i)👎|\b(?:dislik|remov|rimoss|tolto|non|supprim|retir|pas|elimin|quit|no|entfernt|nicht|tirou|n[aã]o|"
    r"verwijder|niet|usun|nie|nu|anul|șters|sters)"
)
REACTS = re.compile(
    r"(?i)(?:[^\w\s“„«\"]{1,16}|[\W]*\b(?:liked|loved|disliked|laughed|emphasi[sz]ed|questioned|reacted|removed|"
    r"(?:ha|hai) (?:messo|adorato|riso|enfatizzato|reagito|apprezzato|rimosso|tolto|domandato|contestato)|"
    r"(?:ti |mi )?piace|"
    r"a (?:aimé|adoré|ri|réagi|mis|souligné|questionné|supprimé|retiré)|j’aime|j'aime|"
    r"(?:le|me) (?:gust\w+|encant\w+)|(?:ha )?reaccion\w+|enfatiz\w+|se (?:rió|ríe)|marcó|eliminó|"
    r"gef[aä]llt|mag|liebt?|hat|lacht\w*|betont\w*|reagier\w+|reaktion|"
    r"gost\w+|curti\w*|ador\w+|amou|reagi\w+|riu|removeu|"
    r"vind\w*|vond|leuk|heeft|geliefd|gelachen|gereageerd|benadruk\w+|"
    r"polubi\w+|lubi|uwielbia|zareagowa\w+|podoba|roześmia\w+|usun\w+|reakcja|"
    r"(?:a|ați|i-a|îi) (?:apreciat|plăcut|placut|reacționat|reactionat|iubit|place|râs|eliminat)|i-a plăcut)\b)"
)


class Sign(StrEnum):
    """What a picture says by itself."""

    AGREES = "agrees"
    REFUSES = "refuses"


class Token(NamedTuple):
    """A word as it was typed: folded, whether a capital begins it, and what parts it from the word before.

    ``before`` is empty for a blank, "," for a pause, "." for the end of a sentence, "?" for that of a question, and a
    line break for the end of a line.
    """

    folded: str
    is_capital: bool
    before: str


@dataclass(frozen=True)
class Written:
    """A text without the signature of a phone, and what its marks mean."""

    typed: str

    @lazily
    def _parts(self) -> tuple[str, str, str]:
        text = without_first_words(without_last_words(without_signature(self.typed)))
        subject = SUBJECT.match(text)
        return _around_quotation(text[subject.end() :] if subject else text)

    @property
    def quoted(self) -> str:
        return self._parts[1]

    @lazily
    def own(self) -> str:
        """What somebody wrote themselves: the text without what it quotes."""
        lead, _quoted, trail = self._parts
        return f"{lead} {trail}" if trail else lead

    @lazily
    def is_all_own(self) -> bool:
        """Whether nothing was left out of the text."""
        return not self.quoted and self._parts[0] == self.typed and not EMOTICON.search(self.typed)

    @lazily
    def worded(self) -> str:
        """The own words, folded, with the tokens of pictures that have a meaning, and without emoticons."""
        return fold(self.own if len(self.own) > LONGEST_MARKED else EMOTICON.sub(" ", self.own))

    @lazily
    def spoken(self) -> str:
        """The own words alone, without emoticons and pictures."""
        own = self.own
        if len(own) > LONGEST_MARKED:
            return own
        if own.isascii():
            return EMOTICON.sub(" ", own)
        plain = "".join(
            c for c in unicodedata.normalize("NFC", own) if unicodedata.category(c) != "Cf" or c == "\u200d"
        )
        return PICTURE.sub(" ", EMOTICON.sub(" ", plain)).replace("\u200d", "")

    @lazily
    def tokens(self) -> tuple[Token, ...]:
        if len(self.own) > LONGEST_MARKED:
            return tuple(Token(word, is_capital=False, before="") for word in fold(self.own).split())
        return tuple(_tokens(self.spoken))

    @lazily
    def folded(self) -> str:
        """The own words, folded, without emoticons and pictures."""
        return " ".join(token.folded for token in self.tokens)

    @lazily
    def asks(self) -> bool:
        """Whether a question mark stands in the own words."""
        return not QUESTIONS.isdisjoint(self.own)

    @lazily
    def ending(self) -> str:
        """What stands behind the last word, in the terms of ``Token.before``."""
        ends = [word.end() for word in WORD.finditer(self.spoken)]
        return _gap(self.spoken[ends[-1] :]) if ends else ""

    @lazily
    def _pictures(self) -> frozenset[str]:
        return frozenset(picture[0] for picture in PICTURE.findall(self.own))

    @lazily
    def signs(self) -> frozenset[Sign]:
        meanings = {Sign.AGREES: AGREES, Sign.REFUSES: REFUSES}
        return frozenset(sign for sign, pictures in meanings.items() if not pictures.isdisjoint(self._pictures))

    @lazily
    def smiles(self) -> bool:
        """Whether there are pictures or emoticons, and of pictures only kind ones."""
        return bool(self._pictures or EMOTICON.search(self.own)) and self._pictures <= FRIENDLY

    @lazily
    def is_bare(self) -> bool:
        """Whether nothing but punctuation and answering pictures stands beside the words."""
        if self._pictures - AGREES - REFUSES or EMOTICON.search(self.own):
            return False
        beside = (c for c in PICTURE.sub("", self.own) if not c.isalnum() and not c.isspace())
        return all(unicodedata.category(c)[0] in "PMC" for c in beside)

    @lazily
    def is_shouted(self) -> bool:
        """Whether there are only capitals, or none, so that they say nothing."""
        return self.spoken in (self.spoken.upper(), self.spoken.lower())

    @lazily
    def is_reaction(self) -> bool:
        """Whether the text only reacts to one of ours, which it quotes, as phones do."""
        if QUOTATION_MARKS.isdisjoint(self.typed) or not self.quoted:
            return False
        lead, _quoted, trail = self._parts
        if len(lead) > LONGEST_LEAD or len(trail) > LONGEST_TRAIL or len(self.tokens) > MOST_REACTING:
            return False
        return bool(REACTS.match(lead.strip() or trail.strip())) and bool(lead.strip() or trail.strip(" .!\u00a0"))

    @property
    def is_liking(self) -> bool:
        """Whether a reaction is a thumb, a heart, or the words for them."""
        return self.is_reaction and bool(LIKES.search(self.own)) and not TAKES_BACK.search(self.own)


def _around_quotation(text: str) -> tuple[str, str, str]:
    """What stands before a quotation, what is quoted, and what stands behind.

    >>> _around_quotation("Liked “Text STOP to leave.”")
    ('Liked ', 'Text STOP to leave.', '')
    >>> _around_quotation('please "STOP"'), _around_quotation("> Text STOP\\nok")
    (('please "STOP"', '', ''), ('\\nok', 'Text STOP', ''))
    """
    lines = ""
    if "\n" in text or text.lstrip().startswith((">", "&gt;")):
        lines = "\n".join(line.lstrip(" \t>|&gt;").strip() for line in QUOTED_LINE.findall(text))
        text = QUOTED_LINE.sub("", text) if lines else text
    start = next((at for at, c in enumerate(text) if c in OPENING or c in STRAIGHT), None)
    if start is None:
        return text, lines, ""
    is_straight = text[start] in STRAIGHT
    stop = max(text.rfind(c, start + 1) for c in (STRAIGHT if is_straight else CLOSING))
    if stop < 0 and is_straight and not REACTS.fullmatch(text[:start].strip()):
        return text, lines, ""
    stop = len(text) if stop < 0 else stop
    lead, quoted, trail = text[:start], text[start + 1 : stop], text[stop + 1 :]
    words = len(fold(quoted).split())
    is_whole = not WORD.search(lead) and not WORD.search(trail) and not PICTURE.search(lead)
    if words < SHORTEST_QUOTATION or (is_whole and words <= LONGEST_OWN):
        return text, lines, ""
    return lead, f"{lines}\n{quoted}" if lines else quoted, trail


def _tokens(spoken: str) -> Iterator[Token]:
    """The words of a text, each with what parts it from the one before."""
    end = 0
    for word in WORD.finditer(spoken):
        before = _gap(spoken[end : word.start()])
        for folded in fold(word[0]).split():
            yield Token(folded, is_capital=word[0][0].isupper() or word[0][0].istitle(), before=before)
            before = ""
        end = word.end()


def _gap(marks: str) -> str:
    """What some marks between two words mean."""
    if not marks.strip(" ") or marks in JOINING:
        return ""
    if not QUESTIONS.isdisjoint(marks):
        return "?"
    if "\n" in marks or "\r" in marks:
        return "\n"
    if any(c in SENTENCE_END for c in marks):
        return "."
    return "," if any(c in PAUSE for c in marks) else ""
