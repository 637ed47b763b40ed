"""Making a backup of one state while everything runs; and restoring one, compared before it is put in place."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from responder.errors import ConfigurationError, RulesError
from responder.keeping.archive import Advance, part_of, unpack, write_archive
from responder.keeping.envelope import DATABASE, RULES, SECRET, Manifest, NoBackup
from responder.keeping.placing import Places, place_for, put_in_place, take_back, unwritable, write_whole_file
from responder.processes.data_dir import UNFINISHED, open_private, take
from responder.rulefile import load_rules
from responder.rulefile.sources import rule_files
from responder.settings.environment import environment
from responder.settings.model import Settings
from responder.settings.urls import sqlite_file
from responder.store.base.database import Database
from responder.store.base.migration import NEWEST, migrate, version_of
from responder.store.consent.installation import Installation
from responder.store.consent.reading import Verdict, verify
from responder.store.operations.backups import Restored, count_rows, ledger_hash, note_backup, settle_restored

WORKING = "being-backed-up"  # the folder beside the database in which its copy lies meanwhile
LOOK_EVERY_S = 0.2
NO_SQLITE = (
    "the database is a PostgreSQL, and its own tools back it up while everything runs (docs/backups.md):\n"
    "  pg_dump --format=custom --file=FILE DATABASE_URL"
)

Progress = Callable[[str, int], AbstractContextManager[Advance]]


async def make_backup(
    settings: Settings,
    database: Database,
    target: Path,
    *,
    passphrase: str | None,
    now: datetime,
    made_by: str,
    progress: Progress,
) -> tuple[Path, Manifest]:
    """Write a backup and give its place and contents. What had that name is replaced at once, if it was one."""
    source = sqlite_file(settings.database_url)
    if source is None:
        raise ConfigurationError(NO_SQLITE)
    place = place_for(target, now)
    configured = settings.secret.get_secret_value() if settings.secret else ""
    await Installation(database).secret(configured.encode() or None)  # which refuses one that does not fit
    with _working_folder(source) as folder:
        copy = folder / DATABASE
        await _copy(database, source, copy, progress)
        files = {DATABASE: copy} | await asyncio.to_thread(_other_files, folder, configured, settings.rules)
        manifest = await _manifest(copy, files, settings.rules, now, made_by)
        with progress("writing", sum(part.size for part in manifest.parts)) as advance:
            write = partial(write_archive, manifest=manifest, files=files, passphrase=passphrase, advance=advance)
            await asyncio.to_thread(write_whole_file, place, write)
    await note_backup(database, now)
    return place, manifest


async def _manifest(copy: Path, files: Mapping[str, Path], rules: Path, now: datetime, made_by: str) -> Manifest:
    counts, schema, last_hash = await _figures(copy)
    main = f"{RULES}{rules.name}"
    return Manifest(
        made_by=made_by,
        made_at=now,
        schema=schema,
        counts=counts,
        ledger_hash=last_hash,
        rules=main if main in files else "",
        parts=[await asyncio.to_thread(part_of, name, path) for name, path in files.items()],
    )


def _other_files(folder: Path, secret: str, rules: Path) -> dict[str, Path]:
    """The secret, if it is not in the database, and the rules, by the names of their parts."""
    if not secret:
        return _rules(rules)
    with open_private(folder / SECRET) as file:
        file.write(secret)
    return {SECRET: folder / SECRET} | _rules(rules)


@contextmanager
def _working_folder(source: Path) -> Iterator[Path]:
    """A private folder on the database's own disk, for one backup at a time; what a killed one left is removed."""
    folder = source.parent / WORKING
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConfigurationError(f"{source}: another backup of it is being made: wait for its end") from None
    try:
        for left in folder.iterdir():
            left.unlink()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


async def _copy(database: Database, source: Path, copy: Path, progress: Progress) -> None:
    """Copy one state of the database. Raises ConfigurationError and StorageError."""
    size = _size(source)
    if shutil.disk_usage(copy.parent).free < size:
        raise ConfigurationError(
            f"{copy.parent}: a backup needs room for a second database, {size / 10**6:,.0f} MB: make room on that disk"
        )
    with progress("copying", size) as advance:
        copying = asyncio.create_task(database.copy_into(str(copy)))
        seen = 0
        while not copying.done():
            await asyncio.wait([copying], timeout=LOOK_EVERY_S)
            grown = _size(copy)
            advance(grown - seen)
            seen = grown
        await copying


def _size(file: Path) -> int:
    """The bytes of a file; none if it is not there yet."""
    return file.stat().st_size if file.exists() else 0


async def _figures(copy: Path) -> tuple[dict[str, int], str, str]:
    """The rows of each table, the version, and the ledger's last hash, all of the same moment."""
    database = Database(f"sqlite+aiosqlite:///{copy}")
    try:
        return await count_rows(database), await version_of(database) or "", await ledger_hash(database)
    finally:
        await database.close()


def _rules(path: Path) -> dict[str, Path]:
    """The rules file and those that it includes, by the names of their parts; none where it is missing."""
    if not path.is_file():
        return {}
    try:
        files = [Path(file) for file in load_rules(path, environment()).sources]
    except RulesError:  # with mistakes, nobody knows what it includes
        files = list(rule_files(path))
    return {f"{RULES}{file.relative_to(path.parent).as_posix()}": file for file in files}


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """What was restored: what the backup said, what its ledger is worth, and what was held back."""

    manifest: Manifest
    verdict: Verdict
    settled: Restored
    beside: tuple[Path, ...]
    secret: Path | None


async def restore(
    backup: Path, places: Places, *, passphrase: str | None, now: datetime, sends_queued: bool, progress: Progress
) -> Restoration:
    """Restore a backup where no installation is; all of it is in place, or none. Raises ConfigurationError."""
    folder = places.database.parent / UNFINISHED
    with take(places.database.parent):
        take_back(folder)
        places.require_free()
        try:
            folder.mkdir(mode=0o700)
            manifest = await asyncio.to_thread(_unpacked, backup, folder, passphrase, progress)
            verdict, settled = await _made_fit(backup, folder, manifest, places, now, sends_queued=sends_queued)
            beside, secret = await asyncio.to_thread(put_in_place, folder, manifest, places)
        except OSError as error:
            raise unwritable(folder, error) from error
        finally:
            take_back(folder)
    return Restoration(manifest=manifest, verdict=verdict, settled=settled, beside=beside, secret=secret)


def _unpacked(backup: Path, folder: Path, passphrase: str | None, progress: Progress) -> Manifest:
    """Unpack the backup into the folder. Raises OSError and ConfigurationError."""
    with ExitStack() as stack:

        def begin(manifest: Manifest) -> Advance:
            size = sum(part.size for part in manifest.parts)
            if shutil.disk_usage(folder).free < size:
                raise ConfigurationError(f"{folder}: restoring needs room for {size / 10**6:,.0f} MB: make room there")
            return stack.enter_context(progress("unpacking", size))

        try:
            return unpack(backup, folder, passphrase, begin)
        except NoBackup as error:
            raise NoBackup(f"{backup}: {error}") from None


async def _made_fit(
    backup: Path, folder: Path, manifest: Manifest, places: Places, now: datetime, *, sends_queued: bool
) -> tuple[Verdict, Restored]:
    """Compare the database with what the backup says of it, and hold back what may have left since."""
    if manifest.schema > NEWEST:
        raise NoBackup(
            f"{backup}: its database has version {manifest.schema}, this program knows {NEWEST}: "
            f"restore it with the responder that made it, {manifest.made_by}, or a newer one"
        )
    database = Database(f"sqlite+aiosqlite:///{folder / DATABASE}")
    try:
        if await count_rows(database) != manifest.counts or await ledger_hash(database) != manifest.ledger_hash:
            raise NoBackup(f"{backup}: its database has not the rows that it says: take an older backup")
        await migrate(database)
        secret = await Installation(database).secret(_secret(folder, places))
        verdict = await verify(database, secret)
        settled = await settle_restored(database, now, sends_queued=sends_queued)
        await note_backup(database, manifest.made_at)
        return verdict, settled
    finally:
        await database.close()


def _secret(folder: Path, places: Places) -> bytes | None:
    """The secret that goes with the database: the one that is set, else the one in the backup."""
    kept = folder / SECRET
    return (places.secret or (kept.read_text("utf-8") if kept.exists() else "")).encode() or None
