"""The files that a rules file may include: those in its own folder, symbolic links resolved."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Protocol

from responder.errors import ConfigurationError
from responder.rulefile.reading.nodes import LARGEST_FILE, Place, place_of

LONGEST_PATTERN = 200  # characters
MOST_SEEN = 10_000  # names in folders, for one rules file
WILD = "*?["
BEGINNING = ".saving-"  # of the name of a file on its way: no rules are read from it, whatever a pattern says


class Unreadable(ConfigurationError):
    """A file that cannot be read, with the remedy and the place in it."""

    def __init__(self, text: str, place: Place | None = None) -> None:
        super().__init__(text)
        self.place = place


class Files(Protocol):
    """Where included files come from. A name is a path below the folder of the rules file, with ``/``."""

    def names(self, pattern: str) -> list[str]:
        """The files that a pattern means, sorted. Raises Unreadable."""

    def read(self, name: str) -> str:
        """The text of a file. Raises Unreadable."""

    def identity(self, name: str) -> str:
        """The same for two names of one file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Files as they were when somebody kept them, by their names."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def names(self, pattern: str) -> list[str]:
        parts = parts_of(pattern)
        found = sorted(
            name for name in self.texts if len(split := name.split("/")) == len(parts) and all(map(_fits, split, parts))
        )
        if not found and not is_wild(pattern):
            raise Unreadable(f"there is no file {parts[-1]!r}")
        return found

    def read(self, name: str) -> str:
        return self.texts[name]

    def identity(self, name: str) -> str:
        return name


class Folder:
    """The folder of a rules file on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = path.resolve()
        self._seen = 0

    def names(self, pattern: str) -> list[str]:
        """The files that a pattern means, sorted.

        A pattern may mean none where its folder is there, a plain name has to be a file.
        """
        parts = parts_of(pattern)
        found = [PurePosixPath()]
        for depth, part in enumerate(parts, start=1):
            found = [place for folder in found for place in self._fitting(folder, part)]
            if not found and (depth < len(parts) or not is_wild(part)):
                raise Unreadable(f"there is no {'file' if depth == len(parts) else 'folder'} {part!r}")
        return sorted(map(str, found))

    def _fitting(self, folder: PurePosixPath, part: str) -> list[PurePosixPath]:
        inside = self._path / folder
        self._check_inside(inside, str(folder))
        try:
            names = self._listed(inside) if is_wild(part) else [part] if not part.startswith(BEGINNING) else []
            return [folder / name for name in names if _fits(name, part) and (inside / name).exists()]
        except OSError as error:
            raise Unreadable(f"{str(folder)!r} cannot be read ({error.strerror})") from error

    def _listed(self, folder: Path) -> list[str]:
        names = [entry.name for entry in folder.iterdir() if not entry.name.startswith(BEGINNING)]
        self._seen += len(names)
        if self._seen > MOST_SEEN:
            raise Unreadable(f"more than {MOST_SEEN} files would have to be looked at, name the folder more closely")
        return sorted(names)

    def read(self, name: str) -> str:
        path = self._path / name
        self._check_inside(path, name)
        if not path.is_file():
            raise Unreadable("is no file")
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror})") from error
        if len(data) > LARGEST_FILE:
            raise Unreadable(f"is larger than {LARGEST_FILE >> 20} MB")
        return decoded(data)

    def identity(self, name: str) -> str:
        return str((self._path / name).resolve())

    def _check_inside(self, path: Path, name: str) -> None:
        try:
            is_inside = path.resolve().is_relative_to(self._root)
        except (OSError, RuntimeError) as error:  # links that lead to each other
            raise Unreadable(f"{name!r} cannot be followed, since its links lead in a circle") from error
        if not is_inside:
            raise Unreadable(f"{name!r} leads out of the folder of the rules file, put the file itself there")


def parts_of(pattern: str) -> list[str]:
    """The folders and the file of a pattern; Unreadable says what no pattern may hold."""
    parts = pattern.removeprefix("./").split("/")
    if len(pattern) > LONGEST_PATTERN:
        raise Unreadable(f"a pattern has at most {LONGEST_PATTERN} characters, name the folders more shortly")
    if pattern.startswith("/") or "\\" in pattern:
        raise Unreadable("write a path below the folder of this file, with '/', such as campaigns/*.yaml")
    if ".." in parts:
        raise Unreadable("'..' would lead out of the folder, put the file into a folder below this one")
    if any(part in {"", "."} or "**" in part for part in parts):
        raise Unreadable("name each folder and the file, such as campaigns/*.yaml")
    return parts


def is_wild(pattern: str) -> bool:
    """Whether a pattern may mean several files."""
    return any(sign in pattern for sign in WILD)


def _fits(name: str, part: str) -> bool:
    """Whether a name is meant by one part of a pattern.

    Hidden ones, which editors leave behind, only where it says so.
    """
    return name == part or (
        is_wild(part) and fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
    )


def decoded(data: bytes) -> str:
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\x00" in data[:2]:
        raise Unreadable("the file is in UTF-16, which some editors call Unicode: save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        text = f"the byte 0x{data[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise Unreadable(text, place_of(before, len(before))) from error
