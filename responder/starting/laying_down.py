"""Making the files of a pack in a folder: all of them, or none."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from responder.errors import ConfigurationError
from responder.starting.pack import NewFile


def lay_down(folder: Path, files: Sequence[NewFile]) -> None:
    """Make the files. If one is there already, or cannot be made, none is, and ConfigurationError says which."""
    if there := [file.name for file in files if os.path.lexists(folder / file.name)]:
        remedy = "so nothing was written: move that away, or name another folder, as in 'responder init FOLDER'"
        verb = "is" if len(there) == 1 else "are"
        raise ConfigurationError(f"{folder.resolve()}: {', '.join(there)} {verb} there already, {remedy}")
    made: list[Path] = []
    try:
        for file in files:
            _make(folder / file.name, file.text, made)
    except OSError as error:
        _take_back(made)
        raise ConfigurationError(
            f"{error.filename or folder}: cannot be written ({error.strerror}), nothing was: "
            "name a folder that this user may write"
        ) from error
    except BaseException:
        _take_back(made)
        raise


def _make(place: Path, text: str, made: list[Path]) -> None:
    """Make one file, private to this user and new for certain, and note it with the folders made for it."""
    missing = [above for above in (place.parent, *place.parent.parents) if not above.exists()]
    for above in reversed(missing):
        above.mkdir()
        made.append(above)
    number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    made.append(place)
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as written:
        written.write(text)


def _take_back(made: Sequence[Path]) -> None:
    for place in reversed(made):
        with suppress(OSError):
            place.rmdir() if place.is_dir() else place.unlink()
