"""The rules as they are and were, by their hash: what changed, who did it, how to go back, and pauses of rules."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path

from responder.core.appointments.booking import tidy
from responder.core.contact.reasons import because
from responder.core.operations.records import RuleChange, Version
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rules
from responder.core.rules.template import did_you_mean
from responder.desk.desk import Desk, Invalid, Missing, Records, Refused, check_note, only_one
from responder.errors import ConfigurationError
from responder.rulefile import rules_from, sources_of
from responder.rulefile.sources import write_sources
from responder.settings.environment import environment
from responder.store.base.history import RuleVersions, end_pause, list_changes, put_pause, read_pauses

LONGEST_PAUSE = timedelta(days=365)


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
        raise Missing(because("never_in_force"))
    return version


async def version_in_force(desk: Desk) -> Version | None:
    """The version that came into force last; None if none ever did."""
    return await RuleVersions(desk.database).newest()


async def rules_in_force(desk: Desk) -> Rules:
    """The rules that came into force last, or else those of the rules file."""
    version = await RuleVersions(desk.database).newest()
    if version is None:
        return await desk.rules()
    return await asyncio.to_thread(rules_from, version.sources, environment())


async def list_versions(desk: Desk, limit: int) -> Sequence[Version]:
    """The versions that were in force, the newest first."""
    return await RuleVersions(desk.database).history(limit)


async def rules_of_version(desk: Desk, version_hash: str) -> Rules:
    """The rules as they were under a hash. Raises Missing, and Refused if they cannot be read any more."""
    rules = await asyncio.to_thread(_read, await read_version(desk, version_hash))
    if rules is None:
        raise Refused(because("old_rules_unreadable"))
    return rules


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


def list_rule_changes(desk: Desk) -> Records[RuleChange]:
    """Each time that rules came into force or one paused, oldest first: which, since when, by whom and why."""
    return Records(desk=desk, listing=list_changes())


async def find_version(desk: Desk, beginning: str) -> Version:
    """The version whose hash begins so. Raises Missing and Refused."""
    found = await RuleVersions(desk.database).find_beginning(beginning.lower()) if beginning else ()
    return await read_version(desk, only_one(found, beginning, "version of the rules"))


async def diff_versions(desk: Desk, old: str, new: str | None = None) -> Sequence[str]:
    """What a newer version has otherwise than an older one, as lines of a unified diff. Raises Missing and Refused.

    Without a newer one, what was in force last counts.
    """
    before = await find_version(desk, old)
    after = await find_version(desk, new) if new else await version_in_force(desk)
    if after is None:
        raise Missing("no rules were ever in force here")
    olds, news = ({source.file: source.text for source in version.sources} for version in (before, after))
    names = ((file, olds.get(file, ""), news.get(file, "")) for file in dict.fromkeys((*olds, *news)))
    return [
        line
        for file, one, other in names
        for line in unified_diff(
            one.splitlines(), other.splitlines(), f"{file} {before.hash}", f"{file} {after.hash}", lineterm=""
        )
    ]


async def put_version_back(desk: Desk, path: Path, beginning: str, *, operator: str, why: str = "") -> Version:
    """Put a version that was kept in the place of the rules file. Raises Missing, Refused and Invalid."""
    check_note(why, "reason")
    version = await find_version(desk, beginning)
    try:
        await asyncio.to_thread(rules_from, version.sources, environment())
        await asyncio.to_thread(write_sources, path, version.sources)
    except ConfigurationError as error:
        raise Refused(f"version {version.hash} has mistakes today, and nothing was changed:\n{error}") from None
    except OSError as error:
        raise Refused(f"{path}: cannot be written ({error.strerror}), restore it where the file can be") from None
    reason = why or "restored"
    await RuleVersions(desk.database).say_why(version.hash, version.sources, operator, reason, desk.clock())
    return version


async def read_rule_pauses(desk: Desk) -> Mapping[str, RulePause]:
    """The rules that are paused now, by their names."""
    return await read_pauses(desk.database, desk.clock())


async def pause_rule(desk: Desk, name: str, lasts: timedelta, *, operator: str, why: str = "") -> RulePause:
    """Let a rule not apply for a while; workers heed it within a second. Raises Missing and Invalid."""
    check_note(why, "reason")
    known = (await desk.rules()).by_name
    if name not in known:
        raise Missing(because("no_such_rule", rule=name, meant=did_you_mean(name, known)))
    if not timedelta(0) < lasts <= LONGEST_PAUSE:
        raise Invalid(because("pause_too_long", most=LONGEST_PAUSE.days))
    now = desk.clock()
    pause = RulePause(rule=name, since=now, until=now + lasts, by=operator, why=tidy(why))
    await put_pause(desk.database, pause, pause.act(await desk.zone()))
    return pause


async def resume_rule(desk: Desk, name: str, *, operator: str) -> None:
    """Let a rule apply again before its pause is over. Raises Missing."""
    act = because("pause_ended", rule=name)
    if not await end_pause(desk.database, name, desk.clock(), by=operator, act=act):
        raise Missing(because("rule_not_paused", rule=name))
