"""The command as a whole: its help, its errors, and what it looks like on a terminal."""

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from responder.version import full_version
from tests.builders import inbound
from tests.cli.conftest import Installation, run

COMMANDS = (
    "run",
    "web",
    "worker",
    "migrate",
    "text",
    "doctor",
    "check",
    "test",
    "explain",
    "describe",
    "schema",
    "replay",
    "messages",
    "subscribers",
    "appointments",
    "deliveries",
    "handoffs",
)
SLOW = (
    "sqlalchemy",
    "alembic",
    "starlette",
    "uvicorn",
    "httpx",
    "re2",
    "phonenumbers",
    "pydantic",
    "arq",
    "jinja2",
    "yaml",
)


def on_a_terminal(*arguments: str, expected: int = 0) -> str:
    """What a command prints on a real terminal."""
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "responder", *arguments]
    environment = os.environ | {"COLUMNS": "200", "TERM": "xterm"}
    done = subprocess.run(command, stdin=inner, stdout=inner, stderr=inner, check=False, env=environment, timeout=20)
    assert done.returncode == expected
    os.close(inner)
    printed = b""
    try:
        while piece := os.read(outer, 65536):
            printed += piece
    except OSError:  # the other side is closed: all has been read
        pass
    os.close(outer)
    return printed.decode()


async def test_help_has_every_command_in_groups(folder: Path) -> None:
    told = (await run("--help")).out
    assert [command for command in COMMANDS if f" {command} " not in told] == []
    assert [panel for panel in ("Service", "Rules", "Records") if f" {panel} " not in told] == []


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_has_help(folder: Path, command: str) -> None:
    assert (await run(command, "--help")).code == 0


async def test_the_version_is_told(folder: Path) -> None:
    assert (await run("--version")).out == f"responder {full_version()}\n"


def test_help_waits_for_nothing_slow() -> None:
    program = (
        "import sys; from responder.cli.app import create_app; create_app()(['--help'], standalone_mode=False); "
        f"print([m for m in {SLOW!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "[]"


async def test_an_unknown_command_is_wrong_usage(folder: Path) -> None:
    assert (await run("mesages")).code == 2


async def test_wrong_settings_are_told_without_a_traceback(here: Installation) -> None:
    here.set(PORT="five")
    outcome = await run("messages", "list")
    assert (outcome.code, outcome.err) == (1, "RESPONDER_PORT is 'five', expected a whole number between 1 and 65535\n")


async def test_without_a_database_nothing_is_made_and_the_remedy_is_told(folder: Path) -> None:
    outcome = await run("messages", "list", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "start with 'responder run'" in outcome.err
    assert not (folder / "data").exists()


async def test_an_empty_database_is_refused_with_the_remedy(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "responder.db").touch()
    outcome = await run("subscribers", "list")
    assert outcome.code == 1
    assert "run 'responder migrate' first" in outcome.err


async def test_a_database_that_is_away_is_told_with_the_remedy(folder: Path) -> None:
    (folder / ".env").write_text("RESPONDER_DATABASE_URL=postgresql://u:hush@127.0.0.1:1/none\n")
    outcome = await run("messages", "list")
    assert outcome.code == 1
    assert "'responder doctor' says what to do" in outcome.err
    assert "hush" not in outcome.err


async def test_a_terminal_gets_a_table(here: Installation) -> None:
    await here.handle(inbound("News [bold]ON", key="abc0" * 8))
    printed = await asyncio.to_thread(on_a_terminal, "messages", "list")
    assert "News [bold]ON" in printed
    assert "──" in printed


async def test_a_terminal_without_records_is_told_what_to_do(here: Installation) -> None:
    assert "no messages yet" in await asyncio.to_thread(on_a_terminal, "messages", "list")


async def test_a_reader_that_has_enough_is_no_fault(here: Installation) -> None:
    await here.store.inbox.add([inbound("x" * 500, key=f"{number:032x}") for number in range(2000)], {})
    pipeline = f"{sys.executable} -m responder messages list --json | head -1"
    done = await asyncio.to_thread(subprocess.run, ["sh", "-c", pipeline], capture_output=True, timeout=20, check=True)
    assert (done.stdout.count(b"\n"), done.stderr) == (1, b"")
