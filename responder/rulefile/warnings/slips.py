"""Texts that are read otherwise than their author meant: a value in single braces, a # that begins a comment."""

import re
from collections.abc import Iterator

from responder.rulefile.reading.nodes import Place, Scalar
from responder.rulefile.reading.places import Source, Spot
from responder.rulefile.warnings.beside import every_text
from responder.rulefile.warnings.survey import Caution, Code, Reached, Survey

SINGLE = re.compile(r"(?<!\{)\{\s*([A-Za-z_]+(?:\.[A-Za-z_]+)*)\s*\}(?!\})")
COMMENT = re.compile(r"\s+#(?=\S)")
LONGEST_SHOWN = 40  # characters of what is cut off


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each text that says something else than it seems to."""
    for sent in every_text(survey):
        if found := SINGLE.search(sent.template.source):
            text = f'"{found[0]}" is sent as it stands: write {{{{ {found[1]} }}}} for the value ({sent.when})'
            yield _caution(Code.SINGLE_BRACES, sent.spot(found.start()), sent.owner, text, sent.reached, survey)
        if cut := _cut_off(sent.source, sent.scalar):
            yield _caution(
                Code.CUT_OFF, *_told(cut, sent.source, sent.scalar, sent.owner, f" ({sent.when})"), sent.reached, survey
            )
    yield from _words_cut_off(survey)


def _words_cut_off(survey: Survey) -> Iterator[Caution]:
    for rule in survey.enabled:
        world, found = survey.world(rule), survey.sources.rules.get(rule.name)
        for word in survey.typed(rule) if world and found else ():
            scalar = Scalar(place=word.place, text=word.typed)
            if world and found and (cut := _cut_off(found[0], scalar)):
                owner, goes = f'rule "{rule.name}"', f' ("{word.typed}" is what is compared)'
                yield _caution(
                    Code.CUT_OFF,
                    *_told(cut, found[0], scalar, owner, goes),
                    Reached(text=word.typed, world=world),
                    survey,
                )


def _cut_off(source: Source, scalar: Scalar) -> str | None:
    """What stands behind a text on its line, if it is taken for a comment and does not look like one."""
    line = source.lines[scalar.place.line - 1] if scalar.place.line <= len(source.lines) else ""
    begin = scalar.place.column - 1
    rest = line[begin + len(scalar.text) :]
    return rest.strip() if line.startswith(scalar.text, begin) and COMMENT.match(rest) else None


def _told(cut: str, source: Source, scalar: Scalar, owner: str, goes: str) -> tuple[Spot, str, str]:
    shown = cut if len(cut) <= LONGEST_SHOWN else f"{cut[:LONGEST_SHOWN]}…"
    place = Place(line=scalar.place.line, column=scalar.place.column + len(scalar.text) + 1)
    return (
        Spot(file=source.file, place=place),
        owner,
        f'the text ends before "{shown}", which is a comment: put all of it between " "{goes}',
    )


def _caution(code: Code, spot: Spot, owner: str, text: str, reached: Reached | None, survey: Survey) -> Caution:
    told = spot.mistake(f"{owner}: {text}")
    if reached is None:
        return Caution(code=code, mistake=told)
    name = survey.decide(reached.text, reached.world).name
    return Caution(code=code, mistake=told, witness=reached.text, world=reached.world, rule=name)
