"""Commands run beside the web process: their answers, their operator, and their end."""

from responder.processes.commands import Commands


async def test_a_command_answers_with_its_lines_and_its_code() -> None:
    answer = await Commands().run("check", "no-such-file.yaml")
    assert answer.code == 1
    assert any("no-such-file.yaml" in line for line in (*answer.lines, *answer.errors))


async def test_a_command_that_takes_too_long_is_ended_and_says_so() -> None:
    answer = await Commands().run("schema", longest_s=0.001)
    assert answer.code == 1
    assert "was ended" in answer.errors[0]


async def test_an_answer_is_kept_for_a_while() -> None:
    commands = Commands()
    first, _ = await commands.kept("check", "no-such-file.yaml", good_for_s=60)
    second, age_s = await commands.kept("check", "no-such-file.yaml", good_for_s=60)
    assert second is first
    assert age_s >= 0
