"""Where an installation is: its file, its address, and how its command is typed."""

import os
import shutil
import sys
from pathlib import Path

from responder.settings.model import Settings
from responder.settings.urls import sqlite_file

COMMAND = "responder"
ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (listening on all, asked at one)


def missing_file(settings: Settings) -> Path | None:
    """Where SQLite's file should be and is not; None if it is there. Connecting would create an empty one."""
    path = sqlite_file(settings.database_url)
    return None if path is None or path.exists() else path


def command_name(*, is_here: bool = True) -> str:
    """How to type the command where a shell does not find it by its name: as now, or in full for another folder."""
    typed = sys.argv[0]
    if Path(typed).name != COMMAND or shutil.which(COMMAND):
        return COMMAND
    return typed if is_here else os.path.normpath(Path(typed).absolute())


def local_host(settings: Settings) -> str:
    """The address at which this machine reaches the service."""
    return ALL_ADDRESSES.get(settings.host, settings.host)


def local_url(settings: Settings) -> str:
    """The beginning of the service's URLs, as this machine reaches it.

    >>> from responder.settings.model import load_settings
    >>> local_url(load_settings({"RESPONDER_HOST": "::"}))
    'http://[::1]:8000'
    """
    host = local_host(settings)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
