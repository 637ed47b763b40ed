"""What doctor says of the files of an installation: whether others on this machine can read them."""

from collections.abc import Iterator

from responder.cli.doctor.findings import Finding, Level
from responder.cli.terminal.session import sqlite_file
from responder.processes.data_dir import readable_by_others
from responder.settings.model import Settings

BESIDE = ("", "-wal", "-shm")  # the files of SQLite, by what is added to the name


def files(settings: Settings) -> Iterator[Finding]:
    """A warning of each file of the database that others can read: texts, numbers and the secret are in it."""
    if database := sqlite_file(settings):
        for file in (database.with_name(database.name + end) for end in BESIDE):
            if readable_by_others(file):
                text = f"{file}: other users of this machine can read it: run  chmod 600 {file}"
                yield Finding(check="files", level=Level.WARNING, text=text)
