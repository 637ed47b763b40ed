"""The rules as they were when something was decided, by their hash."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from responder.core.operations.records import Version
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk, Missing
from responder.errors import ConfigurationError
from responder.rulefile import rules_from, sources_of
from responder.settings.environment import environment
from responder.store.base.rule_versions import RuleVersions


@dataclass(frozen=True, kw_only=True, slots=True)
class RulePlace:
    """Where a rule stood, and how it was written."""

    file: str
    line: int
    text: str


async def read_version(desk: Desk, version_hash: str) -> Version:
    """The version of the rules with this hash. Raises Missing."""
    version = await RuleVersions(desk.database).find(version_hash)
    if version is None:
        raise Missing("no rules with this hash were ever in force here")
    return version


async def version_in_force(desk: Desk) -> Version | None:
    """The version that came into force last; None if none ever did."""
    return await RuleVersions(desk.database).newest()


async def place_of_rule(desk: Desk, version_hash: str | None, name: str | None) -> RulePlace | None:
    """Where a rule stood in the version that decided; None where that cannot be told any more."""
    if version_hash is None or name is None:
        return None
    rules = await desk.rules()
    if rules.hash != version_hash:
        version = await RuleVersions(desk.database).find(version_hash)
        rules_then = await asyncio.to_thread(_read, version) if version else None
    else:
        rules_then = rules
    rule = rules_then.by_name.get(name) if rules_then else None
    if rules_then is None or rule is None:
        return None
    source = next((one for one in sources_of(rules_then) if one.file == rule.file), sources_of(rules_then)[0])
    return RulePlace(file=source.file, line=rule.line, text=entry_at(source.text.splitlines(), rule.line))


def _read(version: Version) -> Rules | None:
    try:
        return rules_from(version.sources, environment())
    except ConfigurationError:  # a secret of then that is not set any more, say
        return None


def entry_at(lines: Sequence[str], line: int) -> str:
    """The entry of a list that begins at a line, as it is written.

    >>> entry_at(["rules:", "  - name: a", "    then: []", "  - name: b"], 2)
    '- name: a\\n  then: []'
    """
    first = lines[line - 1]
    indent = len(first) - len(first.lstrip())
    entry = [first]
    for following in lines[line:]:
        if following.strip() and len(following) - len(following.lstrip()) <= indent:
            break
        entry.append(following)
    while not entry[-1].strip() or entry[-1].lstrip().startswith("#"):
        entry.pop()
    return "\n".join(one[indent:] for one in entry)
