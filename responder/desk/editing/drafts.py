"""An operator's draft of the rules: it begins from the file, outlives a visit, and ends when it is saved."""

from dataclasses import dataclass

from responder.core.operations.drafts import Draft, as_edited, diff_of, digest_of, shown_text
from responder.core.rules.rules import Rules
from responder.desk.desk import Desk, Invalid
from responder.desk.editing.rules_file import LONGEST_WHY, RulesFile
from responder.desk.rule_versions import read_version
from responder.rulefile import sources_of
from responder.rulefile.reading.nodes import LARGEST_FILE
from responder.store.base.rule_versions import RuleVersions
from responder.store.operations import drafts


@dataclass(frozen=True, kw_only=True, slots=True)
class Desktop:
    """What an operator edits: the file's exact text now, and the draft that stands beside it."""

    file: str
    draft: Draft | None

    @property
    def text(self) -> str:
        """The exact text that is edited."""
        return self.draft.text if self.draft else self.file

    @property
    def shown(self) -> str:
        """The text as a box in a browser has it."""
        return shown_text(self.text)

    @property
    def based_on(self) -> str:
        """The digest of the file that the text began from."""
        return self.draft.based_on if self.draft else digest_of(self.file)

    @property
    def is_changed(self) -> bool:
        """Whether saving would change anything."""
        return self.text != self.file

    @property
    def is_overtaken(self) -> bool:
        """Whether the file was changed since the draft began."""
        return self.based_on != digest_of(self.file)

    def patch(self, name: str) -> tuple[str, ...]:
        """What saving would change, as a patch."""
        return diff_of(self.file, self.text, name)


async def open_desktop(desk: Desk, file: RulesFile, operator: str) -> Desktop:
    """What an operator edits. Raises Refused if the file cannot be read."""
    return Desktop(file=await file.read(), draft=await drafts.read_draft(desk.database, operator))


async def keep_typed(desk: Desk, file: RulesFile, operator: str, typed: str) -> Desktop:
    """Keep what an operator typed as the draft; what was not edited keeps its bytes. Raises Invalid."""
    if len(typed) > LARGEST_FILE:
        raise Invalid(f"the file would be larger than {LARGEST_FILE >> 20} MB")
    before = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, operator, as_edited(before.text, typed), before.based_on)


async def keep_draft(desk: Desk, file: RulesFile, operator: str, text: str, based_on: str) -> Desktop:
    """Keep an exact text as the draft; one that is the file as it stands is none."""
    now = await file.read()
    if text == now:
        await drafts.drop_draft(desk.database, operator)
    else:
        await drafts.put_draft(desk.database, operator, text, based_on, desk.clock())
    return await open_desktop(desk, file, operator)


async def drop_draft(desk: Desk, operator: str) -> None:
    """Forget an operator's draft."""
    await drafts.drop_draft(desk.database, operator)


async def take_theirs(desk: Desk, file: RulesFile, operator: str) -> Desktop:
    """Go on with the draft after somebody changed the file: what saving would change is told against theirs."""
    before = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, operator, before.text, digest_of(before.file))


async def restore_version(desk: Desk, file: RulesFile, operator: str, version_hash: str) -> Desktop:
    """Make a draft of the main file as it was. Raises Missing."""
    version = await read_version(desk, version_hash)
    return await keep_draft(desk, file, operator, version.sources[0].text, digest_of(await file.read()))


async def save_draft(desk: Desk, file: RulesFile, operator: str, why: str) -> Rules:
    """Put an operator's draft into the file, with a word why. Raises Invalid, FileChanged and Refused."""
    if not why.strip():
        raise Invalid("why: say in a few words why the rules change")
    if len(why) > LONGEST_WHY:
        raise Invalid(f"why: at most {LONGEST_WHY} characters")
    desktop = await open_desktop(desk, file, operator)
    rules = await file.save(desktop.text, desktop.based_on)
    versions = RuleVersions(desk.database)
    await versions.say_why(rules.hash, sources_of(rules), operator, why.strip(), desk.clock())
    await drafts.drop_draft(desk.database, operator)
    return rules
