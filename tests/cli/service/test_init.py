"""`responder init`, as it is typed in an empty folder."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import typed


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, on a system that speaks no language we know."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_what_it_makes_passes_check_and_test(empty: Path) -> None:
    assert typed("init", "--pack", "clinic").code == 0
    assert typed("check", "--deny-warnings").code == 0
    assert typed("test", "--coverage-min", "100").code == 0


def test_it_ends_with_three_commands(empty: Path) -> None:
    said = typed("init", "--pack", "clinic", "--language", "it").out
    commands = [line.partition("#")[0].strip() for line in said.partition("Type next:\n")[2].splitlines()]
    assert commands == ["responder run", "responder appointments import appointments.csv", "responder text 'sì'"]


def test_no_secret_is_printed(empty: Path) -> None:
    said = typed("init", "--pack", "shop").out
    lines = [line for line in Path(".env").read_text().splitlines() if line and not line.startswith("#")]
    secrets = [line.partition("=")[2] for line in lines]
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in said] == []
    assert "grep ADMIN_PASSWORD .env" in said


def test_it_speaks_the_language_of_the_system(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "it_IT.UTF-8")
    typed("init")
    assert "languages: [it, en]" in Path("rules.yaml").read_text()


def test_without_a_language_of_ours_it_is_english(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    typed("init")
    assert "languages: [en, it]" in Path("rules.yaml").read_text()


def test_a_second_time_it_overwrites_nothing(empty: Path) -> None:
    typed("init", "--pack", "shop")
    before = {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()}
    again = typed("init", "--pack", "clinic")
    assert again.code == 1
    assert "rules.yaml, .env, .vscode/settings.json, .vscode/rules.schema.json are there already" in again.err
    assert {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()} == before


def test_another_folder_is_made_and_entered(empty: Path) -> None:
    said = typed("init", "my clinic", "--pack", "clinic").out
    assert "  cd 'my clinic'\n" in said
    assert (empty / "my clinic" / "rules.yaml").exists()


def test_an_unknown_pack_is_wrong_usage(empty: Path) -> None:
    wrong = typed("init", "--pack", "clinc")
    assert wrong.code == 2
    assert list(empty.iterdir()) == []


def test_the_editor_finds_the_schema_without_network(empty: Path) -> None:
    typed("init")
    (schema,) = json.loads((empty / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    assert json.loads((empty / schema).read_text())["title"] == "rules.yaml of responder"
    first = (empty / "rules.yaml").read_text().splitlines()[0]
    assert (empty / first.partition("$schema=")[2]).samefile(empty / schema)


def test_the_sample_comes_in_whole_and_without_a_doubt(empty: Path) -> None:
    typed("init", "--pack", "clinic")
    assert typed("migrate").code == 0
    imported = typed("appointments", "import", "appointments.csv")
    assert (imported.code, imported.err) == (0, "")
