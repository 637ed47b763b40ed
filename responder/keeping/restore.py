"""Restoring a backup: unpacked beside, compared in every way, and put in place at the end."""

import asyncio
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from responder.errors import ConfigurationError
from responder.keeping.archive import Advance, unpack
from responder.keeping.backup import Progress
from responder.keeping.manifest import DATABASE, SECRET, Manifest, NoBackup
from responder.keeping.placing import Places, put_in_place, take_back, unwritable
from responder.processes.data_dir import UNFINISHED, take
from responder.store.base.database import Database
from responder.store.base.migration import NEWEST, migrate
from responder.store.consent.installation import Installation
from responder.store.consent.reading import Verdict, verify
from responder.store.operations.backups import Restored, count_rows, ledger_hash, note_backup, settle_restored


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
