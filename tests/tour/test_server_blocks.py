"""The blocks of docs/ that begin with "# on your server": what can be tried without a server is, and the rest is named here."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.tour.test_pages import DOCS, NOT_HERE

ROOT = DOCS.parent
TRIED = {
    ("backups.md", "responder backup"): "test_a_backup_and_its_restore_are_made_by_the_commands_of_the_page",
    ("backups.md", "responder restore"): "test_a_backup_and_its_restore_are_made_by_the_commands_of_the_page",
    ("backups.md", "pg_dump"): "test_a_postgresql_comes_back_by_the_commands_of_the_page",
    ("go-live.md", "install -o"): "test_rules_secrets_and_settings_are_laid_down_by_the_commands_of_the_page",
    ("go-live.md", "install -D"): "test_compose_reads_the_set_after_the_commands_of_the_page",
    ("go-live.md", "kubectl"): "test_the_secret_of_the_cluster_has_a_file_for_each_that_the_settings_name",
}
NOT_TRIED = {
    ("first-reply.md", "python3 -m venv"): "the README's tour runs the same lines",
    (
        "go-live.md",
        "python3 -m venv",
    ): "it makes a user of the system; tests/tour/test_readme.py runs the same pip lines for the image",
    (
        "go-live.md",
        "systemctl daemon-reload",
    ): "it needs systemd at work; tests/deployment/test_units.py has systemd read the units",
    (
        "go-live.md",
        "responder migrate",
    ): "it needs systemd at work; tests/end_to_end runs web and workers on one PostgreSQL",
}


def server_blocks() -> dict[tuple[str, str], str]:
    """The blocks that no other test runs, by their page and their first command."""
    found = {}
    for page in sorted(DOCS.glob("*.md")):
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            if block.startswith(NOT_HERE):
                first = block.splitlines()[1]
                named = [start for name, start in (*TRIED, *NOT_TRIED) if name == page.name and first.startswith(start)]
                found[page.name, named[0] if named else first] = block
    return found


BLOCKS = server_blocks()
JOIN = "responder subscribers add +393301234567 news --evidence form"


def test_every_block_for_a_server_is_tried_here_or_named_with_its_reason() -> None:
    assert set(BLOCKS) == {*TRIED, *NOT_TRIED}
    assert [test for test in TRIED.values() if test not in globals()] == []


def typed(folder: Path, commands: str, **settings: str) -> str:
    """What a shell says to the commands."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **settings}
    result = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{commands}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.mark.tour
def test_a_backup_and_its_restore_are_made_by_the_commands_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    typed(tmp_path, "responder init --pack newsletter --language en && responder migrate")
    for first in ("responder backup", "responder restore"):
        block = BLOCKS["backups.md", first].replace("/backups", f"{tmp_path}/backups")
        said = typed(tmp_path, block.replace("/srv", f"{tmp_path}/srv"))
    assert "the chain is whole" in said
    assert len(list((tmp_path / "backups").iterdir())) == 2
    assert (tmp_path / "srv" / "responder" / "data" / "responder.db").exists()


@pytest.mark.tour
def test_a_postgresql_comes_back_by_the_commands_of_the_page(tmp_path: Path) -> None:
    server = os.environ.get("TEST_DATABASE_URL", "")
    programs = next((str(path.parent) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[::-1]), "")
    if not server or not programs:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL, or its programs are not installed")
    base, before, after = server.rpartition("/")[0], f"before_{os.getpid()}", f"after_{os.getpid()}"
    path = {"PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    block = BLOCKS["backups.md", "pg_dump"].replace("createdb responder", f"createdb --maintenance-db={server} {after}")
    block = block.replace("--dbname=responder", f"--dbname={base}/{after}")
    typed(tmp_path, "responder init --pack newsletter --language en")
    settings = path | {"DATABASE_URL": f"{base}/{before}", "RESPONDER_DATABASE_URL": f"{base}/{before}"}
    try:
        typed(tmp_path, f"createdb --maintenance-db={server} {before} && responder migrate && {JOIN}", **settings)
        typed(tmp_path, block, **settings)
        restored = typed(tmp_path, "responder consent verify", **path, RESPONDER_DATABASE_URL=f"{base}/{after}")
        assert "the chain is whole" in restored
    finally:
        typed(
            tmp_path,
            f"for name in {before} {after}; do dropdb --if-exists --maintenance-db={server} $name; done",
            **path,
        )


def test_rules_secrets_and_settings_are_laid_down_by_the_commands_of_the_page(tmp_path: Path) -> None:
    there = tmp_path / "etc" / "responder"
    (there / "rules").mkdir(parents=True)
    (there / "secrets").mkdir()
    shutil.copy(ROOT / "rules.yaml", tmp_path)
    typed(
        tmp_path,
        BLOCKS["go-live.md", "install -o"]
        .replace("-o responder -g responder ", "")
        .replace("/etc/", f"{tmp_path}/etc/"),
    )
    assert (there / "rules" / "rules.yaml").read_bytes() == (ROOT / "rules.yaml").read_bytes()
    secrets = {path.name: path for path in (there / "secrets").iterdir()}
    assert set(secrets) == {"webhook_token", "admin_password", "api_token"}
    assert [path for path in secrets.values() if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    assert len({path.read_text() for path in secrets.values()}) == len(secrets)
    names = re.findall(r"^(\w+)=", (there / ".env").read_text(), re.MULTILINE)
    page = (DOCS / "settings.md").read_text()
    assert [name for name in names if f"| `{name}` |" not in page] == []


@pytest.mark.tour
def test_compose_reads_the_set_after_the_commands_of_the_page(tmp_path: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("docker-compose is not installed")
    for name in ("compose.yaml", "rules.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    needed = re.findall(r"\$\{(\w+):\?", (tmp_path / "compose.yaml").read_text())
    (tmp_path / ".env").write_text("".join(f"{name}='it has a # and a \" in it'\n" for name in needed))
    block = BLOCKS["go-live.md", "install -D"].partition("#")[2]
    started = [line.partition("#")[0].strip() for line in block.splitlines()[1:]]
    assert started[-1].startswith("docker compose ")
    assert (typed(tmp_path, started[0]), (tmp_path / "rules" / "rules.yaml").exists()) == ("", True)
    read = yaml.safe_load(typed(tmp_path, f"{compose} --file compose.yaml config"))
    assert read["services"]["web"]["environment"]["RESPONDER_WEBHOOK_TOKEN"] == 'it has a # and a " in it'


@pytest.mark.tour
def test_the_secret_of_the_cluster_has_a_file_for_each_that_the_settings_name(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    made = BLOCKS["go-live.md", "kubectl"].partition("kubectl apply")[0].rstrip()
    settings = (ROOT / "deploy" / "kubernetes" / "settings.env").read_text()
    named = set(re.findall(r"^RESPONDER_\w+_FILE=/run/secrets/responder/(\w+)$", settings, re.MULTILINE))
    for name in named:
        (tmp_path / name).write_text("x")
    secret = yaml.safe_load(typed(tmp_path, f"{made} --dry-run=client --output yaml"))
    assert set(secret["data"]) == named
