"""The rules as people look at them: each in plain words, with how often it applied, and until when it pauses."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from responder.core.operations.overview import RuleUse
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rule, Rules
from responder.desk.desk import Desk
from responder.desk.rule_versions import read_rule_pauses
from responder.rulefile.describe.document import InWords, rule_in_words
from responder.rulefile.reading.places import placed_sources
from responder.store.reading.overview import count_uses

USES_OF = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleShown:
    """A rule with its words, its use in the last 30 days, and its pause."""

    rule: Rule
    in_words: InWords
    use: RuleUse | None
    pause: RulePause | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesShown:
    """The rules of a file, and how often something else than a rule spoke: the fallback, or a word above all rules."""

    rules: Sequence[RuleShown]
    others: Sequence[RuleUse]


async def show_rules(desk: Desk, rules: Rules) -> RulesShown:
    """The rules in force as people look at them."""
    uses = {use.rule: use for use in await count_uses(desk.database, desk.clock() - USES_OF)}
    pauses = await read_rule_pauses(desk)
    return await asyncio.to_thread(_shown, rules, uses, pauses)


def _shown(rules: Rules, uses: Mapping[str, RuleUse], pauses: Mapping[str, RulePause]) -> RulesShown:
    sources = placed_sources(rules)
    shown = [
        RuleShown(
            rule=rule,
            in_words=rule_in_words(rule, rules, sources),
            use=uses.get(rule.name),
            pause=pauses.get(rule.name),
        )
        for rule in rules.rules
    ]
    others = sorted((use for name, use in uses.items() if name not in rules.by_name), key=lambda use: -use.count)
    return RulesShown(rules=shown, others=others)
