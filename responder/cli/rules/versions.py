"""responder rules: which rules were in force and who changed them, back to older ones, and pauses."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from functools import partial
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Limit
from responder.cli.terminal.output import Column, echo_json, moment, say
from responder.cli.terminal.session import at_desk, operator_name, print_list, with_desk
from responder.core.operations.records import RuleChange, Version
from responder.core.sms.times import iso, read_length
from responder.desk.desk import Desk
from responder.desk.rule_versions import (
    diff_versions,
    find_version,
    list_rule_changes,
    pause_rule,
    put_version_back,
    read_rule_pauses,
    resume_rule,
)
from responder.rulefile.sources import REPLACED
from responder.settings.model import load_settings

HISTORY = "responder rules history"
NO_HISTORY = "no rules were in force yet: 'responder run' puts those of the rules file in force"
FROM_FILE = "from the rules file"
SAME = "the two say the same"
ADDED, REMOVED = "+", "-"

Hash = Annotated[str, typer.Argument(metavar="HASH", help="The hash of a version, or enough of its beginning.")]
RuleName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the rule.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; kept with it.")]

app = typer.Typer(no_args_is_help=True)


@app.command("history")
def history(*, limit: Limit = None, as_json: AsJson = False) -> None:
    """List each time that rules came into force, or one paused, oldest first: which, since when, by whom and why."""
    columns: list[Column[RuleChange]] = [
        Column(title="hash", value=lambda change: change.hash),
        Column(title="since", value=lambda change: change.since),
        Column(title="by", value=lambda change: change.by),
        Column(title="why", value=lambda change: change.why or FROM_FILE, wide=True),
    ]
    print_list(list_rule_changes, columns, limit=limit, as_json=as_json, empty=NO_HISTORY)


@app.command("show")
@at_desk(HISTORY)
async def show(desk: Desk, version: Hash, *, as_json: AsJson = False) -> None:
    """Print the rules of a version as they were written."""
    found = await find_version(desk, version)
    if as_json:
        echo_json(_fields(found))
        return
    for source in found.sources:
        if len(found.sources) > 1:
            say(f"# {source.file}")
        say(source.text, nl=not source.text.endswith("\n"))


def _fields(version: Version) -> dict[str, object]:
    sources = [{"file": source.file, "text": source.text} for source in version.sources]
    return {"hash": version.hash, "since": iso(version.in_force_at), "sources": sources}


@app.command("diff")
@at_desk(HISTORY)
async def diff(
    desk: Desk,
    old: Hash,
    new: Annotated[
        str | None, typer.Argument(metavar="HASH", help="Another version; without it, what is in force.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print what a version has otherwise than another, or than what is in force."""
    lines = await diff_versions(desk, old, new)
    if as_json:
        echo_json({"changed": bool(lines), "diff": list(lines), **_counts(lines)})
    else:
        say("\n".join(lines) if lines else SAME)


def _counts(lines: Sequence[str]) -> dict[str, int]:
    changed = [line[0] for line in lines if line[:1] in (ADDED, REMOVED) and line[:3] not in ("+++", "---")]
    return {"added": changed.count(ADDED), "removed": changed.count(REMOVED)}


@app.command("restore")
@at_desk(HISTORY)
async def restore(desk: Desk, version: Hash, *, why: Why = "") -> None:
    """Write a version into the rules file again; a running service goes by it within seconds."""
    path = load_settings().rules
    back = await put_version_back(desk, path, version, operator=operator_name(), why=why)
    say(f"{path}: is version {back.hash} again; what it held is in {path.name}{REPLACED}")


@app.command("pause")
def pause(
    name: RuleName,
    *,
    lasts: Annotated[str, typer.Option("--for", metavar="LENGTH", help="How long: 30m, 2h, 3d.")],
    why: Why = "",
) -> None:
    """Let a rule not apply for a while; it ends by itself, and every explanation tells of it meanwhile."""
    with_desk(partial(_pause, name=name, lasts=_length(lasts), why=why))


def _length(typed: str) -> timedelta:
    found = read_length(typed, "mhdw")
    if found is None:
        raise typer.BadParameter(f"{typed!r} is no length of time, expected for example 2h", param_hint="--for")
    return found.time


async def _pause(desk: Desk, *, name: str, lasts: timedelta, why: str) -> None:
    paused = await pause_rule(desk, name, lasts, operator=operator_name(), why=why)
    say(f"rule {name} is paused until {moment(paused.until, await desk.zone())}")


@app.command("resume")
@at_desk()
async def resume(desk: Desk, name: RuleName) -> None:
    """Let a rule apply again before its pause is over."""
    await resume_rule(desk, name, operator=operator_name())
    say(f"rule {name} applies again")


@app.command("pauses")
@at_desk()
async def pauses(desk: Desk, *, as_json: AsJson = False) -> None:
    """List the rules that are paused, until when, and why."""
    found = (await read_rule_pauses(desk)).values()
    zone = UTC if as_json else await desk.zone()
    for one in found:
        if as_json:
            echo_json(
                {"rule": one.rule, "since": iso(one.since), "until": iso(one.until), "by": one.by, "why": one.why}
            )
        else:
            say(f"{one.rule}  until {moment(one.until, zone)}  by {one.by}{f'  {one.why}' if one.why else ''}")
    if not found:
        say("no rule is paused", err=True)
