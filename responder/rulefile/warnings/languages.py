"""Texts that lack a language which others beside them have."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from responder.core.rules.rules import Rule
from responder.rulefile.warnings.survey import Caution, Code, Survey
from responder.rulefile.warnings.texts import Sent, texts_of_rules
from responder.rulefile.warnings.wording import SUBSCRIBE, lists_of


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each text that lacks a language which another text of its rule has, or the question of a list that it joins."""
    told: dict[str, dict[int, Sent]] = defaultdict(dict)
    for rule, sent in texts_of_rules(survey):
        told[rule.name].setdefault(id(sent.texts), sent)
    for rule in survey.enabled:
        beside = {**_of_lists(rule, survey), **_of_rule(told[rule.name].values())}
        for sent in told[rule.name].values():
            missing = [language for language in beside if language not in sent.texts.by_language]
            if missing and len(beside) > 1:
                add = ", ".join(f"'{language}: …'" for language in missing)
                lacks = f"the text is missing in {' and '.join(missing)}, which {beside[missing[0]]} has: add {add}"
                mistake = sent.spot().mistake(f'rule "{rule.name}": {lacks} ({sent.when})')
                yield survey.caution(Code.MISSING_LANGUAGE, mistake, sent.reached)


def _of_rule(texts: Iterable[Sent]) -> dict[str, str]:
    """The languages of a rule's texts, each with what has it."""
    named = (language for sent in texts for language in sent.texts.by_language if language)
    return dict.fromkeys(named, "another text of the rule")


def _of_lists(rule: Rule, survey: Survey) -> dict[str, str]:
    """The languages of the questions of the lists that a rule puts on, as far as the file has them."""
    found: dict[str, str] = {}
    for name in sorted(lists_of(rule, SUBSCRIBE)):
        if survey.sources.section("lists", name, "question"):
            languages = filter(None, survey.rules.lists[name].question.by_language)
            found |= dict.fromkeys(languages, f'the question of list "{name}"')
    return found
