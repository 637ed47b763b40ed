"""The commands of docs/, page by page, in a folder of their own before a real service.

A block that begins with "# on your server" or "# in a checkout of responder" is not run here: it needs root, another program or
the internet, or is the tour of the README (test_server_blocks.py tries it, or says why not).
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.tour.test_readme import answers

pytestmark = pytest.mark.tour
DOCS = Path(__file__).parent.parent.parent / "docs"
NOT_HERE = ("# on your server", "# in a checkout of responder")
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PEOPLE = "originator,list,status,evidence\n+393301234568,news,subscribed,form\n"
BEFORE = """
responder text "News on" --from +393301234567
responder text "please stop it" --from +393301234568
responder text "will you call me?" --from +393301234567
responder consent export consent.csv
"""
"""What has happened in an installation before the commands of a reference page are typed."""


IN_THE_PLACE_OF = {
    "abc01234": "responder handoffs list --json | tail -n 1 | cut -d '\"' -f 4",
    "HEAD": "responder consent verify | grep -oE '[0-9]+:[0-9a-f]{64}'",
}
"""What stands on a page, and the command that tells what it is in this installation."""


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page that are tried, with their languages."""
    found = BLOCK.findall(page.read_text())
    return [(language, block) for language, block in found if not block.startswith(NOT_HERE)]


def commands_of(block: str) -> Iterator[str]:
    """The commands of a block, each with its lines; without those that have KEY in the place of a key."""
    yield from (line for line in block.replace("\\\n", " ").splitlines() if line.strip() and " KEY" not in line)


ENDS_WITH = {
    "first-reply.md": "There is a car park behind the house",
    "newsletter.md": "the chain is whole",
    "clinic.md": "",
}
"""The task pages, and what the last command of each prints."""
LOOKED_UP = sorted(
    page.name
    for page in DOCS.glob("*.md")
    if page.name not in ENDS_WITH and any(language == "sh" for language, _ in blocks_of(page))
)


@dataclass
class Shell:
    """Somebody who types what a page says."""

    folder: Path
    port: int = field(default_factory=free_port)
    service: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")}
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return kept | {"PATH": programs, "RESPONDER_PORT": str(self.port)}

    def type(self, command: str) -> str:
        """Type a command, and get what it prints."""
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ").strip()
            return ""
        if command.startswith("responder run"):
            self.start()
            return ""
        command = command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}").replace(
            "curl ", "curl -sS --fail-with-body "
        )
        result = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120,
            check=False, input="y\n",
        )  # fmt: skip
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def start(self) -> None:
        """Start the service, and wait until it handles texts."""
        printed = self.folder / "printed.txt"
        with printed.open("wb") as log:
            self.service = subprocess.Popen(
                [Path(sys.executable).parent / "responder", "run"],
                cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        ends_at = time.monotonic() + 300
        while not answers(f"http://127.0.0.1:{self.port}/readyz"):
            assert time.monotonic() < ends_at, printed.read_text()
            time.sleep(0.05)

    def write_rule(self, rule: str) -> None:
        """Put a rule below ``rules:``, as the page asks for."""
        file = self.folder / "rules.yaml"
        file.write_text(file.read_text().replace("\nrules:\n", f"\nrules:\n{rule}", 1))

    def stop(self) -> None:
        if self.service:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.service.pid, signal.SIGTERM)
            self.service.wait(35)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    typing = Shell(tmp_path)
    yield typing
    typing.stop()


@pytest.mark.parametrize("name", ENDS_WITH)
def test_the_commands_of_a_task_can_be_typed_one_after_the_other(shell: Shell, name: str) -> None:
    said = ""
    for language, block in blocks_of(DOCS / name):
        if language == "yaml":
            shell.write_rule(block)
        else:
            said = [shell.type(command) for command in commands_of(block)][-1]
    assert ENDS_WITH[name] in said


@pytest.mark.parametrize("name", LOOKED_UP)
def test_the_commands_to_look_up_can_be_typed_in_an_installation(shell: Shell, name: str) -> None:
    shell.type("responder init --pack newsletter --language en")
    (shell.folder / "people.csv").write_text(PEOPLE)
    shell.start()
    for command in commands_of(BEFORE):
        shell.type(command)
    for language, block in blocks_of(DOCS / name):
        for command in commands_of(block) if language == "sh" else ():
            shell.type(f"set -a; . ./.env; {as_it_is_here(shell, command)}")


def as_it_is_here(shell: Shell, command: str) -> str:
    """A command with an open hand-off's key in the place of the page's, and the ledger's head in that of HEAD."""
    for word, found in IN_THE_PLACE_OF.items():
        if word in command:
            command = command.replace(word, shell.type(found).strip())
    return command
