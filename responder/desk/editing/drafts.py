"""An operator's draft of the rules: it begins from the file, outlives a visit, and ends when it is saved."""

from dataclasses import dataclass, replace

from responder.core.contact.reasons import because
from responder.core.operations.drafts import Draft, as_edited, diff_of, digest_of, shown_text
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk, Invalid, Overtaken, Refused
from responder.desk.editing.rules_file import LONGEST_WHY, RulesFile
from responder.desk.rule_versions import list_versions, read_version
from responder.rulefile import sources_of
from responder.rulefile.reading.nodes import LARGEST_FILE
from responder.store.base import history as kept
from responder.store.base.history import RuleVersions

LOOKED_BACK_AT = 50  # versions, for the text that a draft began from


@dataclass(frozen=True, kw_only=True, slots=True)
class Desktop:
    """What an operator edits: the file's exact text now, and the draft that stands beside it."""

    file: str
    draft: Draft | None

    @property
    def text(self) -> str:
        return self.draft.text if self.draft else self.file

    @property
    def shown(self) -> str:
        return shown_text(self.text)

    @property
    def seen(self) -> str:
        """What tells whether somebody who sees a text sees this one."""
        return digest_of(self.shown)

    @property
    def based_on(self) -> str:
        """The digest of the file that the text began from."""
        return self.draft.based_on if self.draft else digest_of(self.file)

    @property
    def is_changed(self) -> bool:
        return self.text != self.file

    @property
    def is_overtaken(self) -> bool:
        """Whether the file was changed since the draft began."""
        return self.based_on != digest_of(self.file)

    def patch(self, name: str) -> tuple[str, ...]:
        """What saving would change, as a patch."""
        return diff_of(self.file, self.text, name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What a window showed when its operator began to type: the text, and the file that it was based on."""

    seen: str
    based_on: str


class DraftChanged(Overtaken):
    """The draft was changed in another window meanwhile: ``mine`` was not kept, ``newer`` is what stands there."""

    def __init__(self, mine: str, newer: Desktop) -> None:
        super().__init__(because("draft_overtaken"))
        self.mine = mine
        self.newer = newer


async def open_desktop(desk: Desk, file: RulesFile, operator: str) -> Desktop:
    """What an operator edits. Raises Refused if the file cannot be read."""
    return Desktop(file=await file.read(), draft=await kept.read_draft(desk.database, operator))


async def keep_typed(desk: Desk, file: RulesFile, operator: str, typed: str, begun: Begun | None = None) -> Desktop:
    """Keep what an operator typed as the draft; what was not edited keeps its bytes.

    Raises Invalid, and DraftChanged if the window that it was typed in showed an older draft.
    """
    if len(typed) > LARGEST_FILE:
        raise Invalid(because("file_too_large", most=LARGEST_FILE >> 20))
    before = await open_desktop(desk, file, operator)
    mine, based_on = as_edited(before.text, typed), before.based_on
    if begun and begun.seen != before.seen:
        if digest_of(shown_text(typed)) == begun.seen:  # nothing was typed here
            return before
        if before.draft:
            raise DraftChanged(mine, before)
        based_on = begun.based_on  # the file was changed: saving shows both
    return await keep_draft(desk, file, before, operator, mine, based_on)


async def keep_draft(
    desk: Desk, file: RulesFile, before: Desktop, operator: str, text: str, based_on: str | None = None
) -> Desktop:
    """Keep an exact text as the draft; one that is the file as it stands is none. Raises DraftChanged."""
    based_on = based_on or before.based_on
    draft = Draft(operator=operator, text=text, based_on=based_on, changed_at=desk.clock())
    if text == before.file:
        await _drop(desk, before)
    elif (before.draft is None or not _is_same(before.draft, draft)) and not await kept.put_draft(
        desk.database, draft, before.draft
    ):
        raise DraftChanged(text, await open_desktop(desk, file, operator))
    return await open_desktop(desk, file, operator)


def _is_same(one: Draft, other: Draft) -> bool:
    return one == replace(other, changed_at=one.changed_at)


async def drop_draft(desk: Desk, file: RulesFile, operator: str) -> None:
    await _drop(desk, await open_desktop(desk, file, operator))


async def _drop(desk: Desk, desktop: Desktop) -> None:
    if desktop.draft:
        await kept.drop_draft(desk.database, desktop.draft)


async def take_theirs(desk: Desk, file: RulesFile, operator: str) -> Desktop:
    """Go on with the draft after somebody changed the file: what saving would change is told against theirs."""
    before = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, before, operator, before.text, digest_of(before.file))


async def read_beginning(desk: Desk, desktop: Desktop) -> str | None:
    """The exact text that a draft began from; None where no version in force had it."""
    texts = (version.sources[0].text for version in await list_versions(desk, LOOKED_BACK_AT))
    return next((text for text in texts if digest_of(text) == desktop.based_on), None)


async def restore_version(desk: Desk, file: RulesFile, operator: str, version_hash: str) -> Desktop:
    """Make a draft of the main file as it was. Raises Missing."""
    version = await read_version(desk, version_hash)
    before = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, before, operator, version.sources[0].text, digest_of(before.file))


async def save_draft(desk: Desk, file: RulesFile, operator: str, why: str) -> Rules:
    """Put an operator's draft into the file, with a word why.

    Name and word are kept before the file is written, so that they stay whatever ends this process between the two.
    Raises Invalid, FileChanged, DraftChanged and Refused.
    """
    if not why.strip():
        raise Invalid(because("why_missing"))
    if len(why) > LONGEST_WHY:
        raise Invalid(because("why_too_long", most=LONGEST_WHY))
    desktop = await open_desktop(desk, file, operator)
    if not desktop.draft:
        raise Refused(because("nothing_to_save"))
    rules = await file.check(desktop.text)
    if not await kept.begin_saving(desk.database, desktop.draft, rules.hash, why.strip()):
        raise DraftChanged(desktop.text, await open_desktop(desk, file, operator))
    await file.save(desktop.text, desktop.based_on)
    versions = RuleVersions(desk.database)
    await versions.say_why(rules.hash, sources_of(rules), operator, why.strip(), desk.clock())
    await kept.drop_draft(desk.database, desktop.draft)
    return rules
