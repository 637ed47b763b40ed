"""Files are laid down all together or not at all, and nothing that is there is touched."""

from pathlib import Path

import pytest

from responder.errors import ConfigurationError
from responder.starting import NewFile, lay_down

FILES = [
    NewFile(name="rules.yaml", text="version: 1\n"),
    NewFile(name=".env", text="A=1\n"),
    NewFile(name=".vscode/settings.json", text="{}\n"),
]


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    lay_down(tmp_path / "a" / "b", FILES)
    assert names_in(tmp_path / "a" / "b") == {"rules.yaml", ".env", ".vscode", ".vscode/settings.json"}


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    lay_down(tmp_path, FILES)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    lay_down(tmp_path, FILES)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MINE=1\n")
    with pytest.raises(ConfigurationError, match=r"\.env is there already, so nothing was written"):
        lay_down(tmp_path, FILES)
    assert names_in(tmp_path) == {".env"}
    assert (tmp_path / ".env").read_text() == "MINE=1\n"


def test_a_link_that_leads_nowhere_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(ConfigurationError, match=r"rules\.yaml is there already"):
        lay_down(tmp_path, FILES)
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_what_was_made_goes_again_when_a_later_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / ".vscode").write_text("a file where a folder has to be")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        lay_down(tmp_path, FILES)
    assert names_in(tmp_path) == {".vscode"}


def test_folders_that_were_made_go_again_too(tmp_path: Path) -> None:
    too_long = NewFile(name="x" * 300, text="")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        lay_down(tmp_path / "new", [*FILES, too_long])
    assert names_in(tmp_path) == set()
