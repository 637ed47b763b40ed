"""The files that others copy, the workflow and the pre-commit hooks, use commands and options that exist."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from responder.core.outbound.leaving import decode_secret
from tests.builders import inbound
from tests.cli.conftest import Installation, run

ROOT = Path(__file__).parents[3]
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "rules-workflow.yaml").read_text())
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
JOB = WORKFLOW["jobs"]["rules"]
IN_WORKFLOW = [step["run"] for step in JOB["steps"] if step.get("run", "").startswith("responder ")]
COMMANDS = [*IN_WORKFLOW, *(hook["entry"] for hook in HOOKS)]


@pytest.mark.parametrize("commands", [IN_WORKFLOW, [hook["entry"] for hook in HOOKS]])
def test_both_check_test_and_replay(commands: list[str]) -> None:
    assert [shlex.split(command)[1] for command in commands] == ["check", "test", "replay"]


@pytest.mark.parametrize("command", [command for command in COMMANDS if shlex.split(command)[1] != "test"])
async def test_each_command_runs_as_it_is_written(here: Installation, command: str) -> None:
    await here.handle(inbound("News ON"))
    arguments = shlex.split(command.partition(" >>")[0])[1:]
    outcome = await run(*(argument for argument in arguments if argument != "--deny-warnings"))
    assert (outcome.code, outcome.err) == (0, "")


def test_the_secret_that_stands_in_for_a_real_one_can_be_read() -> None:
    assert decode_secret(JOB["env"]["CRM_WEBHOOK_SECRET"]) == b"not a real secret, only for checks"


def test_hooks_look_at_the_rules_and_not_at_each_file() -> None:
    assert {(hook["language"], hook["pass_filenames"]) for hook in HOOKS} == {("python", False)}
