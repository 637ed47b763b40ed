"""The version that the program tells, and its commit where that is known."""

import subprocess
from pathlib import Path

import pytest

from responder.version import SHOWN, _checked_out_commit, full_version, version


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "First")
    return tmp_path


def test_a_checkout_names_its_commit(checkout: Path) -> None:
    assert _checked_out_commit(checkout) == git(checkout, "rev-parse", f"--short={SHOWN}", "HEAD")


def test_a_checkout_whose_files_were_changed_says_so(checkout: Path) -> None:
    (checkout / "file").write_text("two")
    assert _checked_out_commit(checkout).endswith("+")


def test_a_tag_does_not_stand_for_the_commit(checkout: Path) -> None:
    git(checkout, "tag", "-a", "v9", "-m", "Nine")
    assert "v9" not in _checked_out_commit(checkout)


def test_where_nothing_tells_the_commit_none_is_guessed(tmp_path: Path) -> None:
    assert _checked_out_commit(tmp_path) == ""


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert _checked_out_commit(tmp_path) == ""


def test_the_version_begins_what_is_told() -> None:
    assert full_version().startswith(version())
