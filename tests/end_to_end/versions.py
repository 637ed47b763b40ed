"""Other versions of the program, to be run beside this one: an older commit of this repository, and a version to come."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import responder
from responder.store.base.migration import NEWEST

ROOT = Path(__file__).parent.parent.parent
SINCE = (
    "-S",
    "OLDEST_PROGRAM",
    "--",
    "responder/store/base",
)  # a database says what programs run on it, which the way back needs
NEXT = f"{int(NEWEST) + 1:04}"
MIGRATION = f'''"""The migration of the next version: it adds columns and a table, as each has to that older programs live beside."""

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "{NEXT}"
down_revision = "{NEWEST}"


def upgrade() -> None:
    """Add what the next version uses."""
    op.add_column("messages", Column("cost", Integer, nullable=False, server_default="0"))
    op.add_column("steps", Column("cost", Integer))
    op.create_table("prices", Column("name", String(64), primary_key=True))
'''


def make_next(folder: Path) -> None:
    """Make this program with one more migration in a folder, for PYTHONPATH."""
    copy = folder / "responder"
    shutil.copytree(Path(responder.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "store" / "migrations" / "versions" / f"v{NEXT}_adds.py").write_text(MIGRATION)
    module = copy / "store" / "base" / "migration.py"
    module.write_text(module.read_text().replace(f'NEWEST = "{NEWEST}"', f'NEWEST = "{NEXT}"'))


@contextmanager
def oldest(folder: Path) -> Iterator[None]:
    """A checkout of the oldest commit from which an upgrade has a way back, in a folder, for PYTHONPATH.

    It has the first schema, which is changed never again. The test is skipped where there is no history.
    """
    if not (ROOT / ".git").exists():
        pytest.skip("no older version to be had: this is no clone of the repository")
    if _git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("no older version to be had: the clone is shallow (git fetch --unshallow)")
    commit = _git("log", "--reverse", "--format=%H", *SINCE).partition("\n")[0]
    if commit in {"", _git("rev-parse", "HEAD")}:
        pytest.skip("no older version to be had: the history has no older commit that this one upgrades")
    _git("worktree", "add", "--detach", str(folder), commit)
    try:
        yield
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> str:
    """What git says; the test is skipped where it refuses to."""
    try:
        said = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no older version to be had: git says {getattr(error, 'stderr', '') or error}")
    return said.stdout.strip()
