"""What a process of ours is handed by the one that started it, and hands on."""

import os
from collections.abc import Mapping

PARENT_FD = "RESPONDER_PARENT_FD"  # no setting: how `run` hands its children the pipe that ends with it
PROGRESS_FD = "RESPONDER_PROGRESS_FD"  # likewise: how the console hears how far a command is
OWN_CODE = {"PYTHONSAFEPATH": "1"}  # what lies in the working folder is not taken for our program


def parent_fd() -> int | None:
    """The pipe that ends with the process which started us; None if nothing of ours did."""
    number = os.environ.get(PARENT_FD, "")
    return int(number) if number.isascii() and number.isdigit() else None


def progress_fd() -> int | None:
    """The pipe to tell how far we are; None if nobody asked for that."""
    number = os.environ.get(PROGRESS_FD, "")
    return int(number) if number.isascii() and number.isdigit() else None


def inherit(variables: Mapping[str, str], parent: int) -> None:
    """Take over what the process that forked us hands on, and the pipe that ends with it."""
    os.environ.update({**variables, PARENT_FD: str(parent)})


def environment_with(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process of ours: our own, and these variables."""
    return dict(os.environ) | OWN_CODE | dict(variables)


def environment_without_parent() -> dict[str, str]:
    """The environment for a command that ends by itself, and need not end with us."""
    return {name: value for name, value in os.environ.items() if name != PARENT_FD} | OWN_CODE
