"""The file of a backup: a .tar.gz, or a .tar of that encrypted and the key which a passphrase opens.

Without responder: ``tar xzf FILE``, or ``tar xf FILE; age -d -i key.age contents.age | tar xz``.
"""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from responder.keeping.envelope import (
    MANIFEST,
    SPOILT,
    Manifest,
    NoBackup,
    Part,
    new_key,
    opened_key,
    read_manifest,
    seal,
    unseal,
)

GZIP = b"\x1f\x8b"
KEY, CONTENTS = "key.age", "contents.age"
SPEED = 3  # of compression: most of what is to be had, at a third of the time
CHUNK = 1 << 20  # bytes
LARGEST_MANIFEST = 1 << 20
LARGEST_KEY = 1 << 16
BLOCK = 512  # bytes of a tar
CUT = "it is cut off: take another copy of it, or an older backup"
FOREIGN = "it is no backup of responder: name a file that 'responder backup' made"

Advance = Callable[[int], None]


def part_of(name: str, path: Path) -> Part:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return Part(name=name, size=path.stat().st_size, sha256=digest.hexdigest())


def is_backup(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(BLOCK)
    return beginning.startswith((GZIP, KEY.encode()))


def write_archive(
    target: BinaryIO, manifest: Manifest, files: Mapping[str, Path], passphrase: str | None, advance: Advance
) -> None:
    """Write a backup of these files, by the names of their parts. Raises OSError."""
    pack = partial(_pack, manifest=manifest, files=files, advance=advance)
    if passphrase is None:
        pack(target)
        return
    key, sealed_key = new_key(passphrase)
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as outer:
        outer.addfile(_header(KEY, len(sealed_key)), io.BytesIO(sealed_key))
        place = outer.offset
        target.write(bytes(BLOCK))  # its header, once the size is known
        seal(key, pack, target)
        size = target.tell() - place - BLOCK
        target.write(bytes(-size % BLOCK))
        outer.offset = target.tell()
        target.seek(place)
        target.write(_header(CONTENTS, size).tobuf(tarfile.GNU_FORMAT))
        target.seek(outer.offset)


def _pack(target: BinaryIO, *, manifest: Manifest, files: Mapping[str, Path], advance: Advance) -> None:
    written = manifest.written()
    with (
        gzip.GzipFile(fileobj=target, mode="wb", filename="", compresslevel=SPEED, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        tar.addfile(_header(MANIFEST, len(written)), io.BytesIO(written))
        for part in manifest.parts:
            with files[part.name].open("rb") as file:
                tar.addfile(_header(part.name, part.size), cast("BinaryIO", _Counted(file, advance)))


class _Counted:
    """A file whose bytes are counted while they are read."""

    def __init__(self, file: BinaryIO, advance: Advance) -> None:
        self._file, self._advance = file, advance

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._advance(len(chunk))
        return chunk


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def is_sealed(path: Path) -> bool:
    """Whether a backup needs a passphrase. Raises NoBackup and OSError."""
    with path.open("rb") as file:
        beginning = file.read(BLOCK)
    if beginning.startswith(GZIP):
        return False
    if not beginning.startswith(KEY.encode()):
        raise NoBackup(FOREIGN)
    return True


def unpack(path: Path, into: Path, passphrase: str | None, begin: Callable[[Manifest], Advance]) -> Manifest:
    """Unpack a backup into an empty folder, comparing every hash. Raises NoBackup and OSError.

    ``begin`` hears what is coming before the first file is written.
    """
    found: list[Manifest] = []

    def consume(source: BinaryIO) -> None:
        found.append(_unpack(source, into, begin))

    with path.open("rb") as file:
        if passphrase is None:
            consume(file)
        else:
            _unsealed(file, passphrase, consume)
    return found[0]


def _unsealed(file: BinaryIO, passphrase: str, consume: Callable[[BinaryIO], None]) -> None:
    try:
        outer = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  (it is closed with the file)
        key, contents = outer.next(), outer.next()
    except tarfile.TarError:
        raise NoBackup(CUT) from None
    if key is None or contents is None or (key.name, contents.name) != (KEY, CONTENTS) or key.size > LARGEST_KEY:
        raise NoBackup(CUT if contents is None else FOREIGN)
    if os.fstat(file.fileno()).st_size < contents.offset_data + contents.size:
        raise NoBackup(CUT)
    sealed_key = cast("BinaryIO", outer.extractfile(key)).read()
    unseal(opened_key(sealed_key, passphrase), cast("BinaryIO", outer.extractfile(contents)), consume)


def _unpack(source: BinaryIO, into: Path, begin: Callable[[Manifest], Advance]) -> Manifest:
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            manifest = _read_manifest(tar)
            advance = begin(manifest)
            for part in manifest.parts:
                _unpack_part(tar, part, into, advance)
            if tar.next() is not None:
                raise NoBackup(SPOILT)
            while packed.read(CHUNK):  # to the end, where its check sum is
                pass
    except EOFError:
        raise NoBackup(CUT) from None
    except (tarfile.ReadError, zlib.error, gzip.BadGzipFile) as error:
        raise NoBackup(CUT if "unexpected end" in str(error) else SPOILT) from None
    return manifest


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise NoBackup(FOREIGN)
    return read_manifest(cast("BinaryIO", tar.extractfile(first)).read())


def _unpack_part(tar: tarfile.TarFile, part: Part, into: Path, advance: Advance) -> None:
    member = tar.next()
    if member is None or not member.isreg() or (member.name, member.size) != (part.name, part.size):
        raise NoBackup(SPOILT)
    place = into / part.name
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with cast("BinaryIO", tar.extractfile(member)) as source, place.open("xb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
            advance(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != part.sha256:
        raise NoBackup(SPOILT)
