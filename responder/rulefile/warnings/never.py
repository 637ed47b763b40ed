"""Rules whose conditions hold at no moment that is still to come, or for nobody."""

from collections.abc import Iterator

from responder.core.rules.hours import Until
from responder.core.rules.rules import Rule
from responder.rulefile.warnings.survey import FILLER, Caution, Code, Survey


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each rule that cannot apply, whatever is texted."""
    for rule in survey.enabled:
        if why := _why_never(rule, survey):
            text = next((probe.bare for probe in survey.probes(rule)), FILLER)
            name = survey.decide(text, survey.plain).name
            goes = f'"{text}" reaches {name or "no rule"}'
            yield Caution(
                code=Code.NEVER_HOLDS, mistake=survey.told(rule, f"{goes}, since {why}"), witness=text, world=survey.plain, rule=name
            )  # fmt: skip


def _why_never(rule: Rule, survey: Survey) -> str | None:
    """Why the conditions of a rule do not hold any more, or never did, with the remedy."""
    ends = next(
        (condition for condition in rule.conditions if isinstance(condition, Until) and condition.moment <= survey.now),
        None,
    )
    if ends:
        return f"'until' ({ends.source}) is past: change the date, or remove the rule"
    if survey.world(rule) is None:
        return "no moment and no number was found for which all its conditions hold: remove one of them"
    return None
