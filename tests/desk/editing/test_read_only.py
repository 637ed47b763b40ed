"""A file that cannot be written is shown, edited as a draft, and never saved; the reason is told before and after."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from responder.core.operations.drafts import digest_of
from responder.desk.desk import Refused
from responder.desk.editing.rules_file import RulesFile, why_not_written
from tests.desk.editing.conftest import RULES

NOBODY = 65534
WARMER = RULES.replace("Welcome.", "Welcome to us.")


@contextmanager
def as_nobody() -> Iterator[None]:
    """What root may write anywhere, nobody may not; others are somebody already."""
    is_root = os.geteuid() == 0
    if is_root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)


@pytest.fixture
def file() -> Iterator[RulesFile]:
    """A rules file that everybody may write, in a folder in which everybody may."""
    folder = Path(tempfile.mkdtemp())
    (folder / "rules.yaml").write_text(RULES)
    folder.chmod(0o777)
    (folder / "rules.yaml").chmod(0o666)
    yield RulesFile(path=folder / "rules.yaml")
    folder.chmod(0o700)
    shutil.rmtree(folder)


async def refused(file: RulesFile) -> str:
    with pytest.raises(Refused) as caught:
        await file.check(WARMER)
    return str(caught.value)


async def test_a_file_that_may_be_written_is_saved(file: RulesFile) -> None:
    with as_nobody():
        assert file.why_not_saved() is None
        await file.save(WARMER, digest_of(RULES))
    assert file.path.read_text() == WARMER


async def test_a_file_that_is_read_only_is_not_replaced_though_its_folder_would_take_it(file: RulesFile) -> None:
    file.path.chmod(0o444)
    with as_nobody():
        assert await refused(file) == "rules.yaml or its folder is read-only here"
        assert await file.read() == RULES
    assert file.path.read_text() == RULES


async def test_a_file_in_a_folder_that_is_read_only_is_not_saved(file: RulesFile) -> None:
    file.path.parent.chmod(0o555)
    with as_nobody():
        assert await refused(file) == "rules.yaml or its folder is read-only here"
        with pytest.raises(
            Refused, match=r"rules.yaml cannot be written \(Permission denied\)"
        ):  # told too late as well
            await file.save(WARMER, digest_of(RULES))
    assert file.path.read_text() == RULES
    assert [one.name for one in file.path.parent.iterdir()] == ["rules.yaml"]


def test_a_file_that_is_mounted_by_itself_says_to_mount_its_folder() -> None:
    assert "mount its folder" in why_not_written(OSError(errno.EBUSY, "Device or resource busy"))
