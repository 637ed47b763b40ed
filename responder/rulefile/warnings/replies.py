"""Texts that cost more than one SMS, or travel in the alphabet that halves what one holds."""

from collections.abc import Iterator

from responder.core.sms.segments import BASIC, EXTENDED, GSM_ONE, UCS2_ONE, Size, size
from responder.rulefile.warnings.beside import every_text
from responder.rulefile.warnings.survey import Caution, Code, Survey
from responder.rulefile.warnings.texts import Sent

UCS2 = "UCS-2"
MOST_NAMED = 3  # characters


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each text that takes more than one segment, or an alphabet of two bytes."""
    for sent in every_text(survey):
        if caution := _caution(sent, survey):
            yield caution


def _caution(sent: Sent, survey: Survey) -> Caution | None:
    worst = sent.worst()
    counted = size(worst)
    is_allowed = counted.segments <= (sent.most or 1) and (counted.encoding != UCS2 or sent.most is not None)
    if is_allowed:
        return None
    foreign = [c for c in dict.fromkeys(worst) if c not in BASIC and c not in EXTENDED]
    place = sent.spot(max(0, sent.template.source.find(foreign[0]))) if foreign else sent.spot()
    text = _alphabet(sent, worst, counted, foreign) if foreign else _segments(sent, worst, counted)
    told = place.mistake(f"{sent.owner}: {text} ({sent.when})")
    code = Code.ALPHABET if foreign else Code.SEGMENTS
    if sent.reached is None:
        return Caution(code=code, mistake=told)
    name = survey.decide(sent.reached.text, sent.reached.world).name
    return Caution(code=code, mistake=told, witness=sent.reached.text, world=sent.reached.world, rule=name)


def _alphabet(sent: Sent, worst: str, counted: Size, foreign: list[str]) -> str:
    """What makes the text long, where it stands, and what it would be without."""
    named = ", ".join(f'"{c}" (U+{ord(c):04X}, character {worst.index(c) + 1})' for c in foreign[:MOST_NAMED])
    more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
    without = size("".join(c if c in BASIC or c in EXTENDED else " " for c in worst))
    are, them = ("is", "it") if len(foreign) == 1 else ("are", "them")
    takes = f"{are} not in the SMS alphabet, so the text takes {shown(counted)}; without {them} {shown(without)}"
    return f"{named}{more} {takes}{_filled(sent, worst)}"


def _segments(sent: Sent, worst: str, counted: Size) -> str:
    one = GSM_ONE if counted.encoding != UCS2 else UCS2_ONE
    return (
        f"the text takes {shown(counted)}, one holds {one}: shorten it by {counted.units - one}{_filled(sent, worst)}"
    )


def _filled(sent: Sent, worst: str) -> str:
    return "" if worst == sent.template.source else ", counted with its values filled in at their longest"


def shown(counted: Size) -> str:
    """A size in words.

    >>> shown(size("Hello"))
    '1 segment (GSM-7, 5 units)'
    """
    return (
        f"{counted.segments} segment{'s' if counted.segments > 1 else ''} ({counted.encoding}, {counted.units} units)"
    )
