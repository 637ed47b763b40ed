"""Commands run beside the web process: their answers, their operator, and their end."""

from pathlib import Path

import pytest

from responder.processes.commands import Commands
from responder.version import full_version


async def test_a_command_answers_with_its_lines_and_its_code() -> None:
    answer = await Commands().run("check", "no-such-file.yaml")
    assert answer.code == 1
    assert any("no-such-file.yaml" in line for line in (*answer.lines, *answer.errors))


async def test_what_lies_in_the_working_folder_is_not_taken_for_our_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "responder.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    answer = await Commands().run("--version")
    assert (answer.code, answer.lines) == (0, (f"responder {full_version()}",))


async def test_a_command_that_takes_too_long_is_ended_and_says_so() -> None:
    answer = await Commands().run("schema", longest_s=0.001)
    assert answer.code == 1
    assert "was ended" in answer.errors[0]


async def test_an_answer_is_kept_for_a_while() -> None:
    commands = Commands()
    first = await commands.kept("check", "no-such-file.yaml", good_for_s=60, patience_s=60)
    second = await commands.kept("check", "no-such-file.yaml", good_for_s=60)
    assert first.answer is not None
    assert second.answer is first.answer
    assert not second.is_asked_anew


async def test_nobody_waits_for_a_command_longer_than_their_patience() -> None:
    commands = Commands()
    at_once = await commands.kept("check", "no-such-file.yaml", good_for_s=60)
    assert at_once.answer is None
    assert at_once.is_asked_anew
    later = await commands.kept("check", "no-such-file.yaml", good_for_s=60, patience_s=60)
    assert later.answer is not None


async def test_an_answer_that_is_too_old_is_shown_until_the_new_one_is_there() -> None:
    commands = Commands()
    old = await commands.kept("check", "no-such-file.yaml", good_for_s=0, patience_s=60)
    meanwhile = await commands.kept("check", "no-such-file.yaml", good_for_s=0)
    assert meanwhile.answer is old.answer
    assert meanwhile.is_asked_anew
    await commands.kept("check", "no-such-file.yaml", good_for_s=0, patience_s=60)
