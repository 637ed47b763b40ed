"""The units for systemd: looked at by systemd itself where it is installed, and held against what responder really calls."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from responder.cli.app import COMMANDS
from tests.conftest import free_port

SYSTEMD = Path(__file__).parent.parent.parent / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
HARDENED = (SYSTEMD / "responder-.service.d" / "hardened.conf").read_text()
NAMES = {name for panel in COMMANDS.values() for commands in panel.values() for name in commands}
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_unit_starts_a_command_that_there_is(unit: Path) -> None:
    (command,) = re.findall(r"^ExecStart=/opt/responder/bin/responder (\w+)(?: \S+)?$", unit.read_text(), re.MULTILINE)
    assert command in NAMES


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_hardening_is_written_once_for_all_units(unit: Path) -> None:
    assert unit.name.startswith("responder-")
    assert "Protect" not in unit.read_text()


def test_each_secret_that_is_loaded_is_also_named_to_responder() -> None:
    loaded = re.findall(r"^LoadCredential=(\w+):", HARDENED, re.MULTILINE)
    assert loaded
    assert [name for name in loaded if f"RESPONDER_{name.upper()}_FILE=%d/{name}" not in HARDENED] == []


def test_no_secret_stands_in_a_unit() -> None:
    named = re.findall(r"RESPONDER_\w*(?:TOKEN|PASSWORD|KEY|SECRET)\w*=", HARDENED)
    assert [name for name in named if not name.endswith("_FILE=")] == []


def test_what_serves_is_started_again_and_a_backup_is_not() -> None:
    restarted = {unit.name for unit in UNITS if "\nRestart=always\n" in unit.read_text()}
    assert restarted == {unit.name for unit in UNITS} - {"responder-backup.service"}
    assert "\nRestart=" not in HARDENED


def test_the_backup_may_write_where_it_writes_and_old_ones_are_cleared_there() -> None:
    unit = (SYSTEMD / "responder-backup.service").read_text()
    (folder,) = re.findall(r"^ExecStart=\S+ backup (\S+)$", unit, re.MULTILINE)
    assert f"\nReadWritePaths={folder}\n" in unit
    assert f"\nd {folder} 0700 responder responder " in (SYSTEMD / "responder.tmpfiles").read_text()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a system on which the units are installed."""
    (tmp_path / "usr/lib/systemd").mkdir(parents=True)
    shutil.copytree("/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(SYSTEMD, tmp_path / "etc/systemd/system")
    program = tmp_path / "opt/responder/bin/responder"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    return tmp_path


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(root: Path) -> None:
    names = [*(unit.name.replace("@.", "@1.") for unit in UNITS), "responder-backup.timer"]
    result = subprocess.run(
        ["systemd-analyze", f"--root={root}", "verify", *names], capture_output=True, text=True, check=False
    )
    assert (result.returncode, [line for line in result.stderr.splitlines() if "responder" in line]) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", [unit.name.replace("@.", "@1.") for unit in UNITS])
def test_systemd_finds_little_that_a_unit_exposes(root: Path, unit: str) -> None:
    command = ["systemd-analyze", f"--root={root}", "security", "--offline=yes", "--threshold=20", unit]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def allowed() -> set[str]:
    """The system calls that the units allow."""
    sets: list[set[str]] = [set(), set()]
    for sign, group in re.findall(r"^SystemCallFilter=(~?)(@[\w-]+)$", HARDENED, re.MULTILINE):
        sets[bool(sign)] |= members(group)
    return sets[0] - sets[1]


def members(group: str) -> set[str]:
    """The system calls of a group."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", group, "--no-pager"], capture_output=True, text=True)  # noqa: PLW1510
    found: set[str] = set()
    for word in re.findall(r"^ +([@\w-]+)", shown.stdout, re.MULTILINE):
        found |= members(word) if word.startswith("@") else {word}
    return found


@pytest.mark.tour
@needs_systemd
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_start_a_text_and_an_end_need_no_system_call_that_the_units_forbid(tmp_path: Path) -> None:
    shutil.copy(SYSTEMD.parent.parent / "rules.yaml", tmp_path)
    port = free_port()
    environment = {**os.environ, "RESPONDER_PORT": str(port)}
    run = [sys.executable, "-m", "responder"]
    with (tmp_path / "printed.txt").open("wb") as log:
        process = subprocess.Popen(
            ["strace", "-f", "-c", "-o", str(tmp_path / "calls.txt"), *run, "run"],
            cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for_worker(port)
            subprocess.run([*run, "text", "news on!"], cwd=tmp_path, env=environment, check=True, capture_output=True)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
    calls = set(re.findall(r"^ +[\d.]+ .* (\w+)$", (tmp_path / "calls.txt").read_text(), re.MULTILINE)) - {"total"}
    assert len(calls) > 50
    owned_by_root = {"fchown"} if os.geteuid() == 0 else set()  # SQLite, for root alone
    assert calls - allowed() - owned_by_root == set()


def wait_for_worker(port: int) -> None:
    """Wait until the service takes and handles texts."""
    ends_at = time.monotonic() + 300
    while time.monotonic() < ends_at:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if b'"worker":"ready"' in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service was not ready within five minutes")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_command_gets_the_folder_and_the_secrets_of_the_services(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "api_token").write_text("of the file $(id) 'x'\n")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$RESPONDER_API_TOKEN|$RESPONDER_RULES|$PWD|$*"\n')
    program.chmod(0o755)
    script = (SYSTEMD / "responder").read_text().replace("uid=responder", "uid=0").replace("gid=responder", "gid=0")
    environment = {"PATH": os.environ["PATH"], "RESPONDER_ETC": str(tmp_path), "RESPONDER_BIN": str(program)}
    result = subprocess.run(
        ["sh", "-c", script, "responder", "explain", "a b"], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout == f"of the file $(id) 'x'|{tmp_path}/rules/rules.yaml|{tmp_path}|explain a b\n"
