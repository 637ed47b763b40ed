"""The file of a backup: it comes back as it was, or says what is wrong with it."""

import gzip
import io
import json
import shutil
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from responder.keeping.archive import is_sealed, part_of, unpack, write_archive
from responder.keeping.envelope import FORMAT, Manifest, NoBackup, Part

PASSPHRASE = "long enough, and easy to type"
slow = pytest.mark.tour  # a passphrase is slow on purpose: a second and more, each time
MANIFEST = Manifest(
    made_by="responder 0.1.0",
    made_at=datetime(2026, 11, 30, 2, tzinfo=UTC),
    schema="0001",
    counts={"messages": 3},
    ledger_hash="",
    rules="rules/rules.yaml",
    parts=[],
)


def silent(_count: int) -> None:
    """Nobody watches the progress."""


def packed(folder: Path, passphrase: str | None, manifest: Manifest = MANIFEST) -> Path:
    """A backup of a database of 300 kB and a rules file."""
    (folder / "db").write_bytes(Random(1).randbytes(300_000))
    (folder / "rules").write_text("version: 1\n")
    files = {"responder.db": folder / "db", "rules/rules.yaml": folder / "rules"}
    manifest = replace(manifest, parts=[part_of(name, path) for name, path in files.items()])
    with (folder / "a.backup").open("w+b") as file:
        write_archive(file, manifest, files, passphrase, silent)
    return folder / "a.backup"


@pytest.fixture(scope="module")
def made_sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted one, made once: a passphrase is slow on purpose."""
    return packed(tmp_path_factory.mktemp("sealed"), PASSPHRASE)


@pytest.fixture
def sealed(made_sealed: Path, tmp_path: Path) -> Path:
    """An encrypted one, to be spoilt."""
    return Path(shutil.copy(made_sealed, tmp_path / "a.backup"))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """One that is not encrypted."""
    return packed(tmp_path, None)


def unpacked(backup: Path, passphrase: str | None = None) -> Path:
    into = backup.parent / "into"
    into.mkdir()
    unpack(backup, into, passphrase, lambda _manifest: silent)
    return into


def test_what_goes_in_comes_out(plain: Path) -> None:
    into = unpacked(plain)
    assert (into / "responder.db").read_bytes() == (plain.parent / "db").read_bytes()
    assert (into / "rules" / "rules.yaml").read_text() == "version: 1\n"


@slow
def test_what_goes_in_encrypted_comes_out(sealed: Path, made_sealed: Path) -> None:
    into = unpacked(sealed, PASSPHRASE)
    assert (into / "responder.db").read_bytes() == (made_sealed.parent / "db").read_bytes()


def test_the_manifest_comes_out_as_it_was(plain: Path) -> None:
    (plain.parent / "into").mkdir()
    manifest = unpack(plain, plain.parent / "into", None, lambda _manifest: silent)
    assert replace(manifest, parts=[]) == MANIFEST


@slow
def test_a_backup_says_whether_it_needs_a_passphrase(plain: Path, made_sealed: Path) -> None:
    assert (is_sealed(plain), is_sealed(made_sealed)) == (False, True)


@slow
def test_nothing_of_an_encrypted_one_can_be_read(made_sealed: Path) -> None:
    content = made_sealed.read_bytes()
    assert b"version: 1" not in content
    assert b"manifest.json" not in content
    assert b"\x1f\x8b" not in content[:2]


def test_without_responder_any_tar_opens_a_plain_one(plain: Path) -> None:
    with tarfile.open(plain) as tar:
        assert tar.getnames() == ["manifest.json", "responder.db", "rules/rules.yaml"]


@slow
def test_without_responder_any_tar_finds_what_age_opens(made_sealed: Path) -> None:
    with tarfile.open(made_sealed) as tar:
        assert tar.getnames() == ["key.age", "contents.age"]
        beginnings = [tar.extractfile(name).read(21) for name in tar.getnames()]  # type: ignore[union-attr]
    assert beginnings == [b"age-encryption.org/v1"] * 2


@slow
def test_a_wrong_passphrase_is_told_with_the_remedy(sealed: Path) -> None:
    with pytest.raises(NoBackup, match="passphrase is not the one that it was made with: give that one by"):
        unpacked(sealed, "some other passphrase")


def cut(backup: Path, share: float) -> Path:
    content = backup.read_bytes()
    backup.write_bytes(content[: int(len(content) * share)])
    return backup


def changed(backup: Path, share: float) -> Path:
    content = bytearray(backup.read_bytes())
    content[int(len(content) * share)] ^= 1
    backup.write_bytes(content)
    return backup


REMEDY = r"(cut|changed).*: take another copy of it, or an older backup"


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_a_cut_file_is_refused(plain: Path, share: float) -> None:
    with pytest.raises(NoBackup, match=REMEDY):
        unpacked(cut(plain, share))


@pytest.mark.parametrize("share", [0.001, 0.5, 0.95])
@slow
def test_a_cut_file_is_refused_where_it_is_encrypted(sealed: Path, share: float) -> None:
    with pytest.raises(NoBackup, match=REMEDY):
        unpacked(cut(sealed, share), PASSPHRASE)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.75])
def test_a_changed_byte_is_refused(plain: Path, share: float) -> None:
    with pytest.raises(NoBackup, match=REMEDY):
        unpacked(changed(plain, share))


@pytest.mark.parametrize("share", [0.001, 0.6])
@slow
def test_a_changed_byte_is_refused_where_it_is_encrypted(sealed: Path, share: float) -> None:
    with pytest.raises(NoBackup):
        unpacked(changed(sealed, share), PASSPHRASE)


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\n")
    with pytest.raises(NoBackup, match="it is no backup of responder: name a file that 'responder backup' made"):
        is_sealed(tmp_path / "rules.yaml")


def forged(folder: Path, manifest: dict[str, object]) -> Path:
    """A file whose manifest somebody wrote by hand."""
    written = json.dumps(manifest).encode()
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        header = tarfile.TarInfo("manifest.json")
        header.size = len(written)
        tar.addfile(header, io.BytesIO(written))
    (folder / "forged.backup").write_bytes(gzip.compress(inner.getvalue()))
    return folder / "forged.backup"


def test_a_newer_form_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoBackup, match=r"made by responder 9\.0 in a newer form .*: restore it with that version"):
        unpacked(forged(tmp_path, {"format": FORMAT + 1, "made_by": "responder 9.0"}))


@pytest.mark.parametrize("name", ["../responder.db", "/etc/passwd", "a/../../b", "a\\..\\b", "a\nb", "x" * 401])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    parts = [vars_of(Part(name=one, size=1, sha256="0" * 64)) for one in ("responder.db", name)]
    fields = json.loads(MANIFEST.written()) | {"parts": parts}
    with pytest.raises(NoBackup, match="its manifest cannot be read"):
        unpacked(forged(tmp_path, fields))
    assert {path.name for path in tmp_path.iterdir()} == {"forged.backup", "into"}


def vars_of(part: Part) -> dict[str, object]:
    return {"name": part.name, "size": part.size, "sha256": part.sha256}


def test_a_manifest_without_its_files_is_refused(tmp_path: Path) -> None:
    part = vars_of(Part(name="responder.db", size=1, sha256="0" * 64))
    fields = json.loads(MANIFEST.written()) | {"parts": [part], "rules": ""}
    with pytest.raises(NoBackup):
        unpacked(forged(tmp_path, fields))
