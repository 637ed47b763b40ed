"""What a process of ours is handed by the one that started it, and hands on."""

import os
from collections.abc import Mapping

PARENT_FD = "RESPONDER_PARENT_FD"  # no setting: how `run` hands its children the pipe that ends with it
PROGRESS_FD = "RESPONDER_PROGRESS_FD"  # likewise: how the console hears how far a command is
CONSOLE_FD = "RESPONDER_CONSOLE_FD"  # likewise: how the console's process is handed the door that it serves at
CONSOLE_DOOR = "RESPONDER_CONSOLE_DOOR"  # likewise: how web hears where that door is
HANDED = frozenset({PARENT_FD, CONSOLE_FD, CONSOLE_DOOR})
OWN_CODE = {"PYTHONSAFEPATH": "1"}  # what lies in the working folder is not taken for our program


def parent_fd() -> int | None:
    """The pipe that ends with the process which started us; None if nothing of ours did."""
    return _handed(PARENT_FD)


def progress_fd() -> int | None:
    """The pipe to tell how far we are; None if nobody asked for that."""
    return _handed(PROGRESS_FD)


def console_fd() -> int | None:
    """The door to serve the console at; None if this is not its process."""
    return _handed(CONSOLE_FD)


def console_door() -> str | None:
    """Where the console's process is asked; None if nobody keeps one for us."""
    return os.environ.get(CONSOLE_DOOR)


def _handed(name: str) -> int | None:
    number = os.environ.get(name, "")
    return int(number) if number.isascii() and number.isdigit() else None


def inherit(variables: Mapping[str, str], parent: int) -> None:
    """Take over what the process that forked us hands on, and the pipe that ends with it."""
    os.environ.update({**variables, PARENT_FD: str(parent)})


def environment_with(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process of ours: our own, and these variables."""
    return dict(os.environ) | OWN_CODE | dict(variables)


def environment_without_parent() -> dict[str, str]:
    """The environment for a command that ends by itself, and need not end with us."""
    return {name: value for name, value in os.environ.items() if name not in HANDED} | OWN_CODE
