"""A candidate of the rules laid out on disk, so that commands can read it; and what the editor offers to write."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from responder.core.rules.actions import ACTIONS
from responder.core.rules.rules import Rules
from responder.rulefile import rule_files
from responder.rulefile.sections.conditions.registry import known_keys

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
