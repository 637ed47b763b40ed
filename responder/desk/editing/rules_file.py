"""The rules file in the hands of people: read to the byte, shown with use and pauses, and changed whole."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from responder.core.contact.known import Known
from responder.core.contact.reasons import because, reason_of
from responder.core.deciding.plan import Plan, make_plan
from responder.core.operations.drafts import digest_of
from responder.core.operations.messages import RuleUse, UnmatchedGroup
from responder.core.rules.hours import RulePause
from responder.core.rules.matching import Words
from responder.core.rules.rules import Rule, Rules
from responder.core.sms.text import fold
from responder.core.sms.times import iso
from responder.desk.desk import Desk, Invalid, Overtaken, Refused
from responder.desk.editing.trying import Said, Talk, message_of
from responder.desk.rule_versions import read_rule_pauses
from responder.errors import ConfigurationError, RulesError
from responder.rulefile import read_rules
from responder.rulefile.describe.document import InWords, rule_in_words
from responder.rulefile.reading.folder import Folder, Unreadable, decoded
from responder.rulefile.reading.nodes import LARGEST_FILE
from responder.rulefile.reading.places import placed_sources
from responder.rulefile.sources import one_writer, write_whole
from responder.store.reading.overview import count_uses, group_unmatched

LONGEST_WHY = 200  # characters
USES_OF = timedelta(days=30)
LOOKED_BACK = timedelta(days=30)
MOST_GROUPS = 100
EDGES = " .,;:!?…"  # around a text
SOMEBODY = "+390000000000"
NOT_ANSWERED = frozenset({None, "fallback"})


class FileChanged(Overtaken):
    """Somebody else changed the file meanwhile; ``theirs`` is what stands in it now."""

    def __init__(self, theirs: str) -> None:
        super().__init__("the rules file was changed meanwhile, by somebody else or by a program: nothing was saved")
        self.theirs = theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesFile:
    """The main rules file; ``is_for_looking`` says that nobody may change it from here."""

    path: Path
    environment: Callable[[], Mapping[str, str]] = field(repr=False, default=dict)
    is_for_looking: bool = False

    @property
    def name(self) -> str:
        return self.path.name

    def why_not_saved(self) -> str | None:
        """Why it cannot be changed from here; None if it can."""
        if self.is_for_looking:
            return because("rules_for_looking")
        target = self.path.resolve()
        if not os.access(target, os.W_OK) or not os.access(target.parent, os.W_OK):
            return because("file_read_only", file=self.name)
        return None

    async def read(self) -> str:
        """The exact text, byte order mark and line ends included. Raises Refused."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        try:
            with self.path.open("rb") as file:
                return decoded(file.read(LARGEST_FILE + 1))
        except OSError as error:
            raise Refused(because("file_unreadable", file=self.name, reason=str(error.strerror))) from error
        except Unreadable as error:
            raise Refused(because("file_not_text", file=self.name, reason=str(error))) from error

    async def rules_of(self, text: str) -> Rules:
        """The rules that the file would have with this text. Raises RulesError with all that is wrong."""
        files = Folder(self.path.parent)
        return await asyncio.to_thread(read_rules, text, str(self.path), self.environment(), files)

    async def check(self, text: str) -> Rules:
        """The rules that the file would have, if it may be saved so. Raises Refused and Invalid."""
        if reason := self.why_not_saved():
            raise Refused(reason)
        if len(text.encode("utf-8", "surrogatepass")) > LARGEST_FILE:
            raise Invalid(because("file_too_large", most=LARGEST_FILE >> 20))
        try:
            return await self.rules_of(text)
        except RulesError as error:
            raise Invalid(*map(str, error.mistakes)) from error
        except ConfigurationError as error:
            raise Invalid(reason_of(error)) from error

    async def save(self, text: str, based_on: str) -> None:
        """Put a text that was checked in place of the one it is based on. Raises FileChanged and Refused."""
        await asyncio.to_thread(self._replace, text, based_on)

    def _replace(self, text: str, based_on: str) -> None:
        try:
            with one_writer(self.path):
                theirs = self._read()
                if digest_of(theirs) != based_on:
                    raise FileChanged(theirs)
                write_whole(self.path, text.encode())
        except OSError as error:
            raise Refused(because("file_unwritable", file=self.name, reason=why_not_written(error))) from error


def why_not_written(error: OSError) -> str:
    """What kept a file from being replaced, with the remedy where there is one.

    >>> why_not_written(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    """
    if error.errno == errno.EBUSY:  # a container has the file alone from outside, and a mount cannot be replaced
        return because("file_mounted")
    return str(error.strerror)


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
    return [rule.name for rule in rules.rules if isinstance(rule.text, Words)]


def _takes_words(rules: Rules, name: str) -> bool:
    return name in rules.by_name and isinstance(rules.by_name[name].text, Words)
