"""The rules as people look at them, with their use and pauses; and the texts that met none of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan, make_plan
from responder.core.operations.overview import RuleUse, UnmatchedGroup
from responder.core.rules.hours import RulePause
from responder.core.rules.matching import Words
from responder.core.rules.rules import Rule, Rules
from responder.core.sms.text import fold
from responder.core.sms.timestamps import iso
from responder.desk.desk import Desk
from responder.desk.editing.trying import Said, Talk, message_of
from responder.desk.rule_versions import read_rule_pauses
from responder.rulefile.describe.document import InWords, rule_in_words
from responder.rulefile.reading.places import placed_sources
from responder.store.reading.overview import count_uses, group_unmatched

USES_OF = timedelta(days=30)
LOOKED_BACK = timedelta(days=30)
MOST_GROUPS = 100
EDGES = " .,;:!?…"  # around a text
SOMEBODY = "+390000000000"
NOT_ANSWERED = frozenset({None, "fallback"})


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """A group with the rule that came nearest today, if any, and the one of the draft that would answer it.

    ``word`` is what a rule would need to hear it; empty where no rule can, since it has no letter and no digit.
    """

    group: UnmatchedGroup
    word: str
    nearest: str | None
    why: str
    answered_by: str | None

    def as_json(self) -> Mapping[str, Any]:
        """The group as data."""
        return {
            "folded": self.group.folded,
            "text": self.group.text,
            "count": self.group.count,
            "last_at": iso(self.group.last_at),
            "key": self.group.key,
            "nearest": self.nearest,
            "why": str(self.why),
            "answered_by": self.answered_by,
        }


async def list_unmatched(desk: Desk, rules: Rules, draft: Rules | None) -> Sequence[Unmet]:
    """What met no rule in the last 30 days, the most frequent first; ``draft`` shows whether it helps."""
    groups = await group_unmatched(desk.database, desk.clock() - LOOKED_BACK, MOST_GROUPS)
    return await asyncio.to_thread(lambda: [_unmet(group, rules, draft, desk.clock()) for group in groups])


def _unmet(group: UnmatchedGroup, rules: Rules, draft: Rules | None, now: datetime) -> Unmet:
    plan = _planned(group, rules, now)
    miss = next((miss for miss in plan.near_misses if _takes_words(rules, miss.rule)), None)
    helps = _planned(group, draft or rules, now).rule
    return Unmet(
        group=group,
        word=_word(group),
        nearest=miss.rule if miss else None,
        why=miss.why if miss else "",
        answered_by=None if helps in NOT_ANSWERED else helps,
    )


def _planned(group: UnmatchedGroup, rules: Rules, now: datetime) -> Plan:
    talk = Talk(originator=SOMEBODY, destination=group.destination)
    return make_plan(message_of(talk, Said(text=group.text, at=now)), rules, Known(originator=SOMEBODY))


def _word(group: UnmatchedGroup) -> str:
    """The newest text as it was typed, without what makes no difference; folded where it is not plain to read."""
    if not any(letter.isalnum() for letter in group.folded):
        return ""
    typed = " ".join(group.text.split()).strip(EDGES)
    return typed if typed.isprintable() and fold(typed) == group.folded else group.folded


def rules_with_words(rules: Rules) -> Sequence[str]:
    """The names of the rules that a word can be added to."""
    return [rule.name for rule in rules.rules if isinstance(rule.text, Words)]


def _takes_words(rules: Rules, name: str) -> bool:
    return name in rules.by_name and isinstance(rules.by_name[name].text, Words)
