"""The texts of the rules: which files they are in, how they become rules, and how such a file is written whole."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePath

from responder.core.operations.records import Source
from responder.core.rules.rules import Rules
from responder.errors import Mistake, RulesError
from responder.rulefile.file import read_rules
from responder.rulefile.reading.folder import BEGINNING, Folder, Kept, Unreadable, decoded
from responder.rulefile.reading.nodes import LARGEST_FILE, Place, too_large

MOST_WATCHED = 2000  # files
INCLUDES = b"include"
REPLACED = ".replaced"  # ends the name of what a file held before it was restored


@contextlib.contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Wait until no other process writes the rules beside this file, and let none until the end. Raises OSError."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        remove_left_over(path)
        yield
    finally:
        os.close(folder)


def clear_left_over(path: Path) -> None:
    """Remove what a writer left beside the rules who was killed, unless somebody writes now. Never raises."""
    with contextlib.suppress(OSError):
        folder = os.open(path.resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_left_over(path)
        finally:
            os.close(folder)


def remove_left_over(path: Path) -> None:
    """Remove files on their way beside a file: whoever has the lock knows that nobody writes them any more."""
    for one in path.resolve().parent.glob(f"{BEGINNING}*"):
        with contextlib.suppress(OSError):
            one.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Put content in the place of a file, on disk when it returns; links are followed, owner and mode kept.

    Raises OSError.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=BEGINNING, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _keep_owner(file.fileno(), target)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_owner(handle: int, target: Path) -> None:
    if not target.exists():
        os.fchmod(handle, 0o644)
        return
    state = target.stat()
    os.fchmod(handle, state.st_mode & 0o7777)
    with contextlib.suppress(PermissionError):
        os.fchown(handle, state.st_uid, state.st_gid)


def rule_files(path: Path) -> tuple[Path, ...]:
    """The files that the rules may be read from, the main one first. Never raises."""
    try:
        with path.open("rb") as file:
            includes = INCLUDES in file.read(LARGEST_FILE)
    except OSError:
        return (path,)
    others = (other for other in _of_its_kind(path) if other != path) if includes else ()
    return (path, *islice(others, MOST_WATCHED))


def _of_its_kind(path: Path) -> Iterator[Path]:
    for folder, inside, names in os.walk(path.parent):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if _is_of_rules(name, path.suffix))


def _is_of_rules(name: str, suffix: str) -> bool:
    return PurePath(name).suffix == suffix and not name.startswith(BEGINNING)


def load_rules(path: Path, environment: Mapping[str, str]) -> Rules:
    """The rules of a file on disk and of those that it includes.

    RulesError has all that is wrong with it, even that it is missing.
    """
    return read_rules(_read(path), str(path), environment, Folder(path.parent))


def sources_of(rules: Rules) -> tuple[Source, ...]:
    """The texts that rules were read from, the main one first."""
    return tuple(Source(file=file, text=text) for file, text in rules.sources.items())


def rules_from(sources: Sequence[Source], environment: Mapping[str, str]) -> Rules:
    """The rules in texts that were kept; RulesError has all that is wrong with them."""
    main, *others = sources
    folder = PurePath(main.file).parent
    kept = Kept({PurePath(source.file).relative_to(folder).as_posix(): source.text for source in others})
    return read_rules(main.text, main.file, environment, kept)


def write_sources(path: Path, sources: Sequence[Source]) -> None:
    """Put texts that were kept in the place of the rules file and of those that it includes. Raises OSError.

    The rules file comes last, each file is there as a whole at any time, and what it held stays beside it.
    """
    main, *others = sources
    folder = PurePath(main.file).parent
    with one_writer(path):
        for source in others:
            other = path.parent / PurePath(source.file).relative_to(folder)
            remove_left_over(other)
            _replace(other, source.text)
        _replace(path, main.text)


def _replace(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        write_whole(path.with_name(path.name + REPLACED), path.read_bytes())
    write_whole(path, text.encode())


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)  # no more than is needed to see that it is too large
    except OSError as error:
        remedy = (
            f"cannot be read ({error.strerror}), set RESPONDER_RULES to the rules file, or begin "
            "with those that 'responder init' makes"
        )
        raise RulesError((Mistake(file=str(path), line=1, column=1, text=remedy),)) from error
    if len(data) > LARGEST_FILE:
        raise too_large(str(path))
    try:
        return decoded(data)
    except Unreadable as error:
        place = error.place or Place(line=1, column=1)
        raise RulesError((Mistake(file=str(path), line=place.line, column=place.column, text=str(error)),)) from error
