"""Notices when files may have changed: at once if the system reports it, otherwise within seconds."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
from watchfiles import awatch

LOOK_EVERY_S = 5.0  # where the system reports nothing, as on some network file systems and mounts
DEBOUNCE_MS = 200
STEP_MS = 50
MOST_LINKS = 40  # as the system itself follows

logger = logging.getLogger(__name__)
Watch = Callable[[frozenset[Path], float], AsyncGenerator[None, None]]
"""Gives a turn for each change in folders, and one after so many seconds without."""
Fingerprint = tuple[tuple[int, int, int] | None, ...]


def load_watching() -> None:
    """Load what the first watch would, before anything waits for it."""
    anyio.run(anyio.sleep, 0)


async def possible_changes(
    files: Callable[[], Sequence[Path]], look_every_s: float = LOOK_EVERY_S, watch: Watch | None = None
) -> AsyncGenerator[None, None]:
    """A turn whenever one of the files may have changed, for ever. ``files`` is asked again at each turn."""
    is_told = False
    while True:
        try:
            folders = folders_of(files())
            async with aclosing((watch or _turns)(folders, look_every_s)) as turns:
                async for _ in turns:
                    yield
                    if folders_of(files()) != folders:
                        break
        except (OSError, RuntimeError) as error:  # no more watches to be had, or a folder that went away meanwhile
            if not is_told:
                logger.warning(
                    "files cannot be watched, they are looked at every %.0f s reason=%s",
                    look_every_s,
                    type(error).__name__,
                )
            is_told = True
            await asyncio.sleep(look_every_s)
            yield


async def _turns(folders: frozenset[Path], look_every_s: float) -> AsyncGenerator[None, None]:
    changes = awatch(
        *sorted(folders),
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=int(look_every_s * 1000),
        yield_on_timeout=True,
        recursive=False,
    )
    async for _ in changes:
        yield


def fingerprint(files: Sequence[Path]) -> Fingerprint:
    """A state of the files that shows a change without reading them; None for a missing file."""
    return tuple(_state(file) for file in files)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


def folders_of(files: Sequence[Path]) -> frozenset[Path]:
    """The folders to watch for a change of a file, with those of links on the way."""
    return frozenset(folder for file in files for folder in _folders(file.absolute()) if folder.is_dir())


def _folders(path: Path) -> Iterator[Path]:
    place, parts, links = Path(path.anchor), list(path.parts[1:]), 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            place = place.parent
            continue
        here = place / part
        if not here.is_symlink() or links >= MOST_LINKS:
            place = here
            continue
        yield place
        links += 1
        target = here.readlink()
        place = Path(target.anchor) if target.is_absolute() else place
        parts = [*(target.parts[1:] if target.is_absolute() else target.parts), *parts]
    yield place.parent
