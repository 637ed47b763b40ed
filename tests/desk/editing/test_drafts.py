"""A draft begins from the file, outlives a visit, and is saved whole, or not at all over somebody's change."""

import asyncio
import os
from pathlib import Path

import pytest

from responder.core.operations.drafts import as_edited, shown_text
from responder.desk.desk import Desk, Invalid, Refused
from responder.desk.editing.drafts import (
    Begun,
    DraftChanged,
    drop_draft,
    keep_typed,
    open_desktop,
    restore_version,
    save_draft,
    take_theirs,
)
from responder.desk.editing.rules_file import FileChanged, RulesFile
from responder.desk.rule_versions import version_in_force
from responder.rulefile import load_rules, sources_of
from responder.rulefile.reading.folder import BEGINNING
from responder.store.base.history import RuleVersions, begin_saving
from tests.conftest import NOON
from tests.desk.editing.conftest import RULES

WHY = "a warmer welcome"
WARMER = RULES.replace("Welcome.", "Welcome to us.")


@pytest.mark.parametrize(
    "before",
    ["a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n", "\ufeffa\nb\nc", "a\rb\rc", "a\u2028x\nb\nc\u0085\n", "\n\na\n"],
)
def test_a_text_that_was_not_edited_keeps_every_byte(before: str) -> None:
    assert as_edited(before, shown_text(before)) == before
    assert as_edited(before, shown_text(before).replace("\n", "\r\n")) == before


def test_only_the_edited_line_changes() -> None:
    assert as_edited("\ufeffa\r\nb\nc", "a\nB\nc") == "\ufeffa\r\nB\r\nc"
    assert as_edited("a\r\nb\nc\r\nd\r\n", "a\nb\nnew\nc\nd\n") == "a\r\nb\nnew\r\nc\r\nd\r\n"


def test_a_line_after_one_without_an_end_does_not_melt_into_it() -> None:
    assert as_edited("a\r\nb", "a\nb\nc") == "a\r\nb\r\nc"


async def test_there_is_no_draft_before_anything_is_edited(desk: Desk, file: RulesFile) -> None:
    desktop = await keep_typed(desk, file, "Anna", RULES)
    assert desktop.draft is None
    assert not desktop.is_changed


async def test_a_draft_is_each_operator_s_own_and_stays(desk: Desk, file: RulesFile) -> None:
    await keep_typed(desk, file, "Anna", WARMER)
    assert (await open_desktop(desk, file, "Anna")).text == WARMER
    assert (await open_desktop(desk, file, "Ugo")).text == RULES
    await drop_draft(desk, file, "Anna")
    assert (await open_desktop(desk, file, "Anna")).text == RULES


async def begun(desk: Desk, file: RulesFile) -> Begun:
    """What a window shows that is opened now."""
    desktop = await open_desktop(desk, file, "Anna")
    return Begun(seen=desktop.seen, based_on=desktop.based_on)


async def test_a_window_that_shows_an_older_draft_does_not_write_over_the_newer_one(
    desk: Desk, file: RulesFile
) -> None:
    older = await begun(desk, file)
    await keep_typed(desk, file, "Anna", WARMER, older)
    with pytest.raises(DraftChanged, match="another window") as caught:
        await keep_typed(desk, file, "Anna", RULES.replace("Welcome.", "Ciao."), older)
    assert "Ciao." in caught.value.mine
    assert caught.value.newer.text == WARMER
    assert (await open_desktop(desk, file, "Anna")).text == WARMER


async def test_a_window_in_which_nothing_was_typed_goes_on_with_the_newer_draft(desk: Desk, file: RulesFile) -> None:
    older = await begun(desk, file)
    await keep_typed(desk, file, "Anna", WARMER, older)
    assert (await keep_typed(desk, file, "Anna", RULES, older)).text == WARMER


async def test_of_two_windows_that_keep_at_once_one_is_told(desk: Desk, file: RulesFile) -> None:
    seen = await begun(desk, file)
    typed = [RULES.replace("Welcome.", word) for word in ("Ciao.", "Salve.")]
    kept = await asyncio.gather(*(keep_typed(desk, file, "Anna", one, seen) for one in typed), return_exceptions=True)
    assert sorted(type(one).__name__ for one in kept) == ["Desktop", "DraftChanged"]


async def test_a_file_that_changed_while_one_typed_is_not_written_over_though_there_was_no_draft(
    desk: Desk, file: RulesFile
) -> None:
    older = await begun(desk, file)
    file.path.write_text(theirs := RULES.replace("We are here.", "Open."))
    assert (await keep_typed(desk, file, "Anna", WARMER, older)).is_overtaken
    with pytest.raises(FileChanged):
        await save_draft(desk, file, "Anna", WHY)
    assert file.path.read_text() == theirs


async def test_a_kill_between_the_file_and_its_why_keeps_who_and_why(desk: Desk, file: RulesFile) -> None:
    desktop = await keep_typed(desk, file, "Anna", WARMER)
    assert desktop.draft is not None
    rules = await file.check(desktop.text)
    await begin_saving(desk.database, desktop.draft, rules.hash, WHY)
    await file.save(desktop.text, desktop.based_on)  # and nothing of save_draft that follows
    await RuleVersions(desk.database).keep(rules.hash, sources_of(rules), NOON)
    assert [(one.by, one.why) for one in await RuleVersions(desk.database).history(5)] == [("Anna", WHY)]
    assert (await open_desktop(desk, file, "Anna")).draft is None


async def test_what_was_saved_once_is_not_anna_s_when_it_comes_back_later(desk: Desk, file: RulesFile) -> None:
    await keep_typed(desk, file, "Anna", WARMER)
    await save_draft(desk, file, "Anna", WHY)
    await keep_typed(desk, file, "Anna", RULES)
    assert (await open_desktop(desk, file, "Anna")).draft is not None
    rules = load_rules(file.path, {})
    await RuleVersions(desk.database).keep("0" * 16, (), NOON.replace(hour=13))
    await RuleVersions(desk.database).keep(rules.hash, sources_of(rules), NOON.replace(hour=14))
    assert [one.by for one in await RuleVersions(desk.database).history(5)] == [None, None]


async def test_saving_what_stands_in_the_file_is_refused(desk: Desk, file: RulesFile) -> None:
    with pytest.raises(Refused, match="nothing to save"):
        await save_draft(desk, file, "Anna", WHY)


async def test_saving_changes_the_edited_line_alone_and_says_who_and_why(desk: Desk, file: RulesFile) -> None:
    before = RULES.replace("\n", "\r\n").removesuffix("\r\n").encode()
    file.path.write_bytes(before)
    await keep_typed(desk, file, "Anna", shown_text(before.decode()).replace("Welcome.", "Ciao."))
    rules = await save_draft(desk, file, "Anna", WHY)
    assert file.path.read_bytes() == before.replace(b"Welcome.", b"Ciao.")
    version = await version_in_force(desk)
    assert version is not None
    assert (version.hash, version.by, version.why) == (rules.hash, "Anna", WHY)
    assert (await open_desktop(desk, file, "Anna")).draft is None


async def test_the_worker_that_takes_it_up_keeps_who_and_why(desk: Desk, file: RulesFile) -> None:
    versions = RuleVersions(desk.database)
    await keep_typed(desk, file, "Anna", WARMER)
    rules = await save_draft(desk, file, "Anna", WHY)
    await versions.keep(rules.hash, sources_of(rules), NOON)
    assert [(one.by, one.why) for one in await versions.history(5)] == [("Anna", WHY)]


async def test_a_version_that_comes_back_from_the_disk_is_nobody_s(desk: Desk, file: RulesFile) -> None:
    versions = RuleVersions(desk.database)
    await keep_typed(desk, file, "Anna", WARMER)
    rules = await save_draft(desk, file, "Anna", WHY)
    await versions.keep("0" * 16, (), NOON.replace(hour=13))
    await versions.keep(rules.hash, sources_of(rules), NOON.replace(hour=14))
    assert [one.by for one in await versions.history(5)] == [None, None]


async def test_without_a_word_why_nothing_is_saved(desk: Desk, file: RulesFile) -> None:
    await keep_typed(desk, file, "Anna", WARMER)
    with pytest.raises(Invalid, match="why"):
        await save_draft(desk, file, "Anna", " ")
    assert file.path.read_text() == RULES


async def test_rules_with_a_mistake_are_not_saved_and_the_mistake_is_told_as_check_does(
    desk: Desk, file: RulesFile
) -> None:
    await keep_typed(desk, file, "Anna", RULES.replace("subscribe: news", "subscibe: news"))
    with pytest.raises(Invalid) as caught:
        await save_draft(desk, file, "Anna", WHY)
    assert caught.value.errors[0].startswith(f"{file.path}:11:9: ")
    assert file.path.read_text() == RULES


async def test_a_file_that_changed_meanwhile_is_not_written_over_and_both_texts_are_there(
    desk: Desk, file: RulesFile
) -> None:
    await keep_typed(desk, file, "Anna", WARMER)
    theirs = RULES.replace("We are here.", "Open.")
    file.path.write_text(theirs)
    with pytest.raises(FileChanged) as caught:
        await save_draft(desk, file, "Anna", WHY)
    assert caught.value.theirs == theirs
    assert file.path.read_text() == theirs
    assert (await open_desktop(desk, file, "Anna")).text == WARMER


async def test_after_seeing_theirs_mine_can_be_saved(desk: Desk, file: RulesFile) -> None:
    await keep_typed(desk, file, "Anna", WARMER)
    file.path.write_text(RULES.replace("We are here.", "Open."))
    await take_theirs(desk, file, "Anna")
    await save_draft(desk, file, "Anna", WHY)
    assert file.path.read_text() == WARMER


async def test_restoring_gives_the_same_bytes_and_the_same_hash(desk: Desk, file: RulesFile) -> None:
    old = RULES.replace("\n", "\r\n").encode()
    file.path.write_bytes(old)
    before = load_rules(file.path, {})
    await RuleVersions(desk.database).keep(before.hash, sources_of(before), NOON)
    file.path.write_text(WARMER)
    desktop = await restore_version(desk, file, "Anna", before.hash)
    assert desktop.is_changed
    assert file.path.read_text() == WARMER
    assert (await save_draft(desk, file, "Anna", "back")).hash == before.hash
    assert file.path.read_bytes() == old


async def test_where_rules_are_only_looked_at_nothing_is_saved(desk: Desk, file: RulesFile) -> None:
    looking = RulesFile(path=file.path, is_for_looking=True)
    desktop = await keep_typed(desk, looking, "Anna", WARMER)
    with pytest.raises(Refused, match="RESPONDER_CONSOLE_RULES"):
        await save_draft(desk, looking, "Anna", WHY)
    assert '+      - reply: "Welcome to us."' in desktop.patch("rules.yaml")


async def test_a_link_stays_a_link(desk: Desk, file: RulesFile, tmp_path: Path) -> None:
    link = tmp_path / "linked.yaml"
    link.symlink_to(file.path)
    await keep_typed(desk, RulesFile(path=link), "Anna", WARMER)
    await save_draft(desk, RulesFile(path=link), "Anna", WHY)
    assert link.is_symlink()
    assert file.path.read_text() == WARMER
    assert not any(name.startswith(BEGINNING) for name in os.listdir(tmp_path))  # noqa: PTH208  (nothing is left over)
