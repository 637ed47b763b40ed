"""Lists that people can join and not leave by text, or that nobody can join."""

from collections.abc import Iterator

from responder.core.rules.rules import Rule
from responder.rulefile.reading.places import Spot
from responder.rulefile.warnings.survey import Caution, Code, Survey
from responder.rulefile.warnings.wording import ALL, SUBSCRIBE, UNSUBSCRIBE, lists_of


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each list that has only one door, or none."""
    for name in survey.rules.lists:
        joining = [rule for rule in survey.enabled if name in lists_of(rule, SUBSCRIBE)]
        leaving = [rule for rule in survey.enabled if lists_of(rule, UNSUBSCRIBE) & {name, ALL}]
        if joining and not leaving:
            yield _cannot_leave(name, joining, survey)
        elif not joining:
            yield _cannot_join(name, survey)


def _spot(name: str, survey: Survey) -> Spot:
    found = survey.sources.section("lists", name)
    return Spot(file=found[0].file, place=found[1].place) if found else survey.sources.top()


def _cannot_leave(name: str, joining: list[Rule], survey: Survey) -> Caution:
    reached = next((found for rule in joining if (found := survey.reached(rule))), None)
    shows = f'"{reached.text}" joins it, and ' if reached else ""
    text = f"list \"{name}\": {shows}no text leaves it except STOP, which leaves everything: add a rule with 'unsubscribe: {name}'"
    rule = survey.decide(reached.text, reached.world).name if reached else None
    return Caution(
        code=Code.CANNOT_LEAVE, mistake=_spot(name, survey).mistake(text),
        witness=reached.text if reached else None, world=reached.world if reached else None, rule=rule,
    )  # fmt: skip


def _cannot_join(name: str, survey: Survey) -> Caution:
    witness = f"{name.upper()} ON"
    rule = survey.decide(witness, survey.plain).name
    text = f'list "{name}": nobody can join it by text, not even by "{witness}": add a rule with \'subscribe: {name}\', or remove the list'
    return Caution(
        code=Code.CANNOT_JOIN, mistake=_spot(name, survey).mistake(text), witness=witness, world=survey.plain, rule=rule
    )
