"""Which version this is, and of which commit where that is known."""

import json
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

DISTRIBUTION = "sms-responder"
SHOWN = 9  # characters of a commit
GIT_WITHIN_S = 2.0


def version() -> str:
    try:
        return distribution(DISTRIBUTION).version
    except PackageNotFoundError:
        return "unknown"


@cache
def commit() -> str:
    """The commit that the program was made from; empty where nothing tells, since a guess would mislead."""
    return _installed_commit() or _checked_out_commit(Path(__file__).parent.parent)


def full_version() -> str:
    """The version, and the commit if it is known, as in ``0.1.0 (commit 8260bbb12)``."""
    found = commit()
    return f"{version()} (commit {found})" if found else version()


def _installed_commit() -> str:
    """The commit that an installer noted when it took the program from a repository (PEP 610)."""
    try:
        noted = distribution(DISTRIBUTION).read_text("direct_url.json")
        found = json.loads(noted or "{}").get("vcs_info", {}).get("commit_id", "")
    except (PackageNotFoundError, ValueError, AttributeError):
        return ""
    return str(found)[:SHOWN]


def _checked_out_commit(folder: Path) -> str:
    """The commit of the checkout that the program runs from; with a ``+`` where files differ from it."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "describe", "--always", f"--abbrev={SHOWN}", "--exclude=*", "--dirty=+"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=GIT_WITHIN_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()
