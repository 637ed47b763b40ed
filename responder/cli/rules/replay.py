"""responder replay: stored messages through another rules file, and what it would do differently."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from responder.cli.terminal.options import AsJson, Since
from responder.cli.terminal.output import echo_json, moment, one_line, progress, say
from responder.cli.terminal.session import with_desk
from responder.core.contact.effects import Effect, Explained
from responder.core.deciding.decision import explained_effect
from responder.core.rehearsal.replay import Change, Divergence, Group, without_numbers
from responder.core.rules.rules import Rules
from responder.core.sms.times import counted
from responder.desk.desk import Desk
from responder.desk.editing.effects import replay_messages
from responder.rulefile import load_rules
from responder.settings.environment import environment

LONGEST = 70  # characters of a text that is shown as an example
HEAD = "| Messages | Before | After | What changes | For example |\n|---:|---|---|---|---|"
Candidate = Annotated[
    Path, typer.Option("--rules", metavar="FILE", help="The rules file to try against the rules in force.")
]
ExpectNone = Annotated[bool, typer.Option("--expect-none", help="Fail if anything would change.")]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Show who sent the texts, and numbers inside them.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")]
app = typer.Typer()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a replay found; ``shows_numbers`` says whether telephone numbers may be shown."""

    file: str
    messages: int
    first_at: datetime | None
    groups: Sequence[Group]
    shows_numbers: bool
    zone: tzinfo

    @property
    def changed(self) -> int:
        """How many messages would be answered differently."""
        return sum(group.count for group in self.groups)

    def summary(self) -> str:
        """What was found, in one line."""
        since = f" since {moment(self.first_at, self.zone)}" if self.first_at else ""
        changed = f"{self.changed:,} would be answered otherwise" if self.changed else "nothing would change"
        return f"{counted(self.messages, 'message')}{since} through {self.file}: {changed}"


def as_text(found: Found) -> Iterator[str]:
    """The lines for a person."""
    yield found.summary()
    for group in found.groups:
        yield f"\n{group.count:,} {_title(group)}"
        for sample in group.samples:
            yield f'    {_sender(sample, found)}"{_shown(sample.message.text, found)}"'
            if Change.REPLIES in group.changes:
                yield from (f"      {sign} {_shown(text, found)}" for sign, text in _replies(sample))
            if Change.STATE in group.changes:
                yield from (f"      {sign} {_shown(text, found)}" for sign, text in _states(sample))


def as_markdown(found: Found) -> Iterator[str]:
    """The lines for a pull request."""
    yield f"### What would change\n\n{_escaped(found.summary())}."
    if found.groups:
        yield f"\n{HEAD}"
    for group in found.groups:
        examples = "<br>".join(_cell(group, sample, found) for sample in group.samples)
        what = ", ".join(group.changes)
        yield f"| {group.count:,} | {_escaped(group.before)} | {_escaped(group.after)} | {what} | {examples} |"


def as_records(found: Found) -> Iterator[Mapping[str, Any]]:
    """A record for each group."""
    for group in found.groups:
        samples = [_record(sample, found) for sample in group.samples]
        yield {
            "before": group.before,
            "after": group.after,
            "changes": list(group.changes),
            "count": group.count,
            "samples": samples,
        }


def _title(group: Group) -> str:
    """The title of a group.

    >>> _title(Group(before="fallback", after="news-on", changes=(Change.RULE,)))
    'from fallback to news-on'
    >>> _title(Group(before="news-on", after="news-on", changes=(Change.REPLIES, Change.STATE)))
    'by news-on with other replies and state'
    """
    if group.before != group.after:
        return f"from {group.before} to {group.after}"
    return f"by {group.before} with other {' and '.join(group.changes)}"


def _shown(text: str, found: Found) -> str:
    line = one_line(_permitted(text, found))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _permitted(text: str, found: Found) -> str:
    return text if found.shows_numbers else without_numbers(text)


def _sender(sample: Divergence, found: Found) -> str:
    return f"{one_line(sample.message.originator)} > " if found.shows_numbers else ""


def _replies(sample: Divergence) -> Iterator[tuple[str, str]]:
    yield from (("-", text) for text in sample.before.replies if text not in sample.after.replies)
    yield from (("+", text) for text in sample.after.replies if text not in sample.before.replies)


def _states(sample: Divergence) -> Iterator[tuple[str, str]]:
    before, after = (list(map(_in_words, outcome.effects)) for outcome in (sample.before, sample.after))
    yield from (("-", text) for text in before if text not in after)
    yield from (("+", text) for text in after if text not in before)


def _in_words(effect: Effect) -> str:
    """A change of state as one line.

    >>> from responder.core.contact.effects import Subscribe
    >>> _in_words(Subscribe(list="news"))
    'subscribe: list news'
    """
    if not isinstance(effect, Explained):
        return "how often something may happen: other counts"
    shown = dict(explained_effect(effect))
    return f"{shown.pop('action')}: {', '.join(f'{name} {value}' for name, value in shown.items())}"


def _cell(group: Group, sample: Divergence, found: Found) -> str:
    lines = [f"{_sender(sample, found)}{_shown(sample.message.text, found)}"]
    if Change.REPLIES in group.changes:
        lines += [f"{sign} {_shown(text, found)}" for sign, text in _replies(sample)]
    if Change.STATE in group.changes:
        lines += [f"{sign} {_shown(text, found)}" for sign, text in _states(sample)]
    return "<br>".join(map(_code, lines))


def _code(text: str) -> str:
    """A text as Markdown code: it mentions nobody, links nowhere, and stays in its cell."""
    return "`" + text.replace("`", "'").replace("\\", "\\\\").replace("|", "\\|") + "`"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|@])", r"\\\1", text)


def _record(sample: Divergence, found: Found) -> dict[str, Any]:
    sender = {"originator": sample.message.originator} if found.shows_numbers else {}
    replies = {
        "replies_before": [_permitted(text, found) for text in sample.before.replies],
        "replies_after": [_permitted(text, found) for text in sample.after.replies],
    }
    return {"key": sample.message.key, **sender, "text": _permitted(sample.message.text, found), **replies}


@app.command("replay")
def replay(
    *,
    rules: Candidate,
    since: Since = None,
    expect_none: ExpectNone = False,
    show_numbers: ShowNumbers = False,
    markdown: Markdown = False,
    as_json: AsJson = False,
) -> None:
    if markdown and as_json:
        raise typer.BadParameter("--markdown and --json cannot both be had", param_hint="--markdown")
    candidate = load_rules(rules, environment())
    found = with_desk(partial(_replay, candidate=candidate, file=str(rules), since=since, shows_numbers=show_numbers))
    if as_json:
        for record in as_records(found):
            echo_json(record)
    else:
        say("\n".join(as_markdown(found) if markdown else as_text(found)))
    if found.changed and expect_none:
        raise typer.Exit(1)


async def _replay(desk: Desk, *, candidate: Rules, file: str, since: datetime | None, shows_numbers: bool) -> Found:
    replayed, first_at = await replay_messages(desk, candidate, since=since, follow=partial(progress, "replay"))
    return Found(
        file=file,
        messages=replayed.messages,
        first_at=first_at,
        groups=replayed.groups(),
        shows_numbers=shows_numbers,
        zone=candidate.zone,
    )
