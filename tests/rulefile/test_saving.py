"""Files of rules are written whole, whatever ends the writer, and by one writer at a time."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from responder.core.operations.records import Source
from responder.errors import RulesError
from responder.rulefile.reading.folder import BEGINNING
from responder.rulefile.sources import clear_left_over, load_rules, one_writer, rule_files, write_sources, write_whole

KILLS = 12
LINE = b"# a line of the rules that is long enough to take more than one block of the disk\n"
OLD, NEW = (bytes([letter]) * 9 + LINE * 20_000 for letter in b"ab")
WRITER = """
import sys
from pathlib import Path
from responder.rulefile.sources import write_whole
contents = [Path(name).read_bytes() for name in sys.argv[2:]]
print("ready", flush=True)
while True:
    for content in contents:
        write_whole(Path(sys.argv[1]), content)
"""


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path) -> None:
    file, old, new = (tmp_path / name for name in ("rules.yaml", "old", "new"))
    for path, content in ((file, OLD), (old, OLD), (new, NEW)):
        path.write_bytes(content)
    for seed in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", WRITER, file, old, new], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(random.Random(seed).uniform(0, 0.03))
            writer.send_signal(signal.SIGKILL)
        assert file.read_bytes() in (OLD, NEW)


def test_a_writer_waits_for_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("first")
    restoring = threading.Thread(target=write_sources, args=(file, [Source(file=str(file), text="restored")]))
    with one_writer(file):
        restoring.start()
        restoring.join(0.2)
        assert (restoring.is_alive(), file.read_text()) == (True, "first")
    restoring.join(10)
    assert file.read_text() == "restored"


def test_a_link_stays_one_and_the_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file, link = tmp_path / "kept" / "rules.yaml", tmp_path / "rules.yaml"
    file.write_text("first")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, b"second")
    assert (link.is_symlink(), file.read_text(), file.stat().st_mode & 0o777) == (True, "second", 0o640)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_keeps_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("first")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        write_whole(file, b"second")
    tmp_path.chmod(0o700)
    assert file.read_text() == "first"


def test_a_file_that_was_gone_is_there_again_for_everybody_to_read(tmp_path: Path) -> None:
    write_whole(tmp_path / "included.yaml", b"back")
    assert (tmp_path / "included.yaml").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(BEGINNING)] == []


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(BEGINNING)]


def test_what_a_killed_writer_left_is_gone_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / f"{BEGINNING}abc").write_bytes(b"half")
    with one_writer(tmp_path / "rules.yaml"):
        assert left_over(tmp_path) == []


def test_what_a_killed_writer_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / f"{BEGINNING}abc").write_bytes(b"half")
    clear_left_over(tmp_path / "rules.yaml")
    assert left_over(tmp_path) == []


def test_a_start_leaves_the_file_of_a_writer_that_is_at_work(tmp_path: Path) -> None:
    with one_writer(tmp_path / "rules.yaml"):
        (tmp_path / f"{BEGINNING}abc").write_bytes(b"half")
        clear_left_over(tmp_path / "rules.yaml")
        assert left_over(tmp_path) == [f"{BEGINNING}abc"]


@pytest.mark.parametrize("pattern", [".saving-*", ".*", ".saving-abc.yaml"])
def test_no_rules_are_read_from_a_file_on_its_way(tmp_path: Path, pattern: str) -> None:
    (tmp_path / f"{BEGINNING}abc.yaml").write_text("rules: [")
    main = tmp_path / "rules.yaml"
    main.write_text(
        f"version: 1\ninclude: ['{pattern}']\nrules: [{{name: a, when: {{text: a}}, then: [{{reply: b}}]}}]\n"
    )
    assert rule_files(main) == (main,)
    try:
        assert list(load_rules(main, {}).sources) == [str(main)]
    except RulesError as error:
        assert "there is no file" in str(error)  # noqa: PT017  (a plain name has to be a file)
