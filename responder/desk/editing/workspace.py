"""What pages write into an operator's draft, and a candidate laid out on disk so that commands can read it."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from responder.core.contact.reasons import because, reason_of
from responder.core.rules.actions import ACTIONS
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk, Invalid, Refused
from responder.desk.editing.drafts import Desktop, keep_draft, open_desktop
from responder.desk.editing.rules_file import RulesFile
from responder.errors import RulesError
from responder.rulefile import rule_files
from responder.rulefile.sections.conditions.circumstances import known_keys
from responder.rulefile.writing import NoPlace, with_alias, with_list, with_rules, with_test

RULE_KEYS = ("name", "when", "then", "continue", "cooldown", "enabled", "examples", "shadow", "typos")
OWN_KEYS = (
    "version",
    "languages",
    "timezone",
    "country",
    "lists",
    "rules",
    "reserved",
    "fallback",
    "tests",
    "webhooks",
)
LONGEST_SHOWN = 40  # characters of a word that cannot be added


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Rules laid out in a folder of their own; records about them are told of the real file."""

    path: Path
    real: Path

    def renamed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record with the name of the real file in place of the candidate's."""
        folder, real = str(self.path.parent), str(self.real.parent)
        return {
            name: value.replace(str(self.path), str(self.real)).replace(f"{folder}/", "" if real == "." else f"{real}/")
            if name in ("file", "text") and isinstance(value, str)
            else value
            for name, value in record.items()
        }


@contextmanager
def laid_out(path: Path, text: str) -> Iterator[Candidate]:
    """A candidate with the files that it may include, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="responder-rules-") as folder:
        place = Path(folder) / path.name
        for other in rule_files(path)[1:]:
            inside = Path(folder) / other.relative_to(path.parent)
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(other, inside)
        place.write_bytes(text.encode("utf-8", "surrogatepass"))
        yield Candidate(path=place, real=path)


def completions(rules: Rules) -> list[str]:
    """The words of the language and of this file, for the one list that the editor offers."""
    names = (*rules.lists, *rules.webhooks, *(rule.name for rule in rules.rules))
    return sorted({*known_keys(), *ACTIONS, *RULE_KEYS, *OWN_KEYS, *names})


async def keep_test(desk: Desk, file: RulesFile, operator: str, test: str) -> Desktop:
    """Put a test at the end of an operator's draft."""
    desktop = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, desktop, operator, with_test(desktop.text, test))


async def keep_campaign(desk: Desk, file: RulesFile, before: Desktop, operator: str, entry: str, rules: str) -> int:
    """Put a list and the rules of a campaign into an operator's draft, and give their line. Raises Refused."""
    try:
        text, line = with_rules(with_list(before.text, entry), rules)
    except NoPlace as error:
        raise Refused(reason_of(error)) from error
    await keep_draft(desk, file, before, operator, text)
    return line + 1  # an empty line comes first


async def keep_alias(desk: Desk, file: RulesFile, operator: str, rule: str, word: str) -> int:
    """Put one more word for a rule into an operator's draft, and give its line. Raises Invalid and Refused."""
    desktop = await open_desktop(desk, file, operator)
    try:
        rules = await file.rules_of(desktop.text)
    except RulesError as error:
        raise Invalid(*map(str, error.mistakes)) from error
    try:
        text, line = await asyncio.to_thread(with_alias, rules, rule, word)
        await file.rules_of(text)
    except NoPlace as error:
        raise Refused(reason_of(error)) from error
    except RulesError as error:
        said = because("no_word_of_rule", word=shortened(word), rule=rule, mistake=error.mistakes[0].text)
        raise Refused(said) from error
    await keep_draft(desk, file, desktop, operator, text)
    return line


def shortened(word: str) -> str:
    """A word in quotes, of which a long one is cut."""
    return repr(word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…")
