"""The environment and ``.env``, read here alone; secrets in files; and what the processes of ours hand on."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from responder.errors import ConfigurationError

PREFIX = "RESPONDER_"
LARGEST = 64 * 1024  # bytes: a secret is a line, so a larger file is the wrong one
ENDING = "_file"
PARENT_FD = "RESPONDER_PARENT_FD"  # no setting: how `run` hands its children the pipe that ends with it
PROGRESS_FD = "RESPONDER_PROGRESS_FD"  # likewise: how the console hears how far a command is
CONSOLE_FD = "RESPONDER_CONSOLE_FD"  # likewise: how the console's process is handed the door that it serves at
CONSOLE_DOOR = "RESPONDER_CONSOLE_DOOR"  # likewise: how web hears where that door is
HANDED = frozenset({PARENT_FD, CONSOLE_FD, CONSOLE_DOOR})
OWN_CODE = {"PYTHONSAFEPATH": "1"}  # what lies in the working folder is not taken for our program


class Variables(dict[str, str]):
    """Variables, in which a secret of the rules file may stand in a file: ``NAME_FILE`` for ``NAME``."""

    def __missing__(self, name: str) -> str:
        if not (place := self.get(f"{name}_FILE", "").strip()):
            raise KeyError(name)
        try:
            return secret_in(Path(place))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            expected = f"a file with the secret alone that this user may read ({reason})"
            raise ConfigurationError(f"{name}_FILE is {place!r}, expected {expected}") from error


def environment() -> Variables:
    """The variables of the process, and from ``.env`` in the working directory those that it lacks."""
    from dotenv import dotenv_values  # noqa: PLC0415  (a command that reads no settings starts without it)

    try:
        written = dotenv_values(".env", encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f".env: cannot be read ({error}), make it a text in UTF-8 that this user may read, or remove it"
        ) from error
    return Variables({name: value for name, value in written.items() if value is not None} | dict(os.environ))


def system_environment() -> dict[str, str]:
    """The variables of the process alone, without those of ``.env``."""
    return dict(os.environ)


def with_secret_files(
    typed: Mapping[str, str], secrets: Collection[str], settings: Collection[str], mistakes: list[str]
) -> dict[str, str]:
    """What was typed, with the contents of the files of secrets; ``mistakes`` gets what is wrong with them.

    Names are in small letters and without the prefix. ``IMAP_PASSWORD_FILE`` is a setting of its own, read later.
    """
    read = dict(typed)
    for name in [name for name in typed if base_of(name, secrets, settings)]:
        place, base = read.pop(name).strip(), base_of(name, secrets, settings)
        if not place:
            continue
        if typed.get(base, "").strip():
            mistakes.append(
                f"RESPONDER_{base.upper()} and RESPONDER_{name.upper()} are both set, leave one of them out"
            )
            continue
        try:
            read[base] = secret_in(Path(place))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            expected = f"a file with the secret alone that this user may read ({reason})"
            mistakes.append(f"RESPONDER_{name.upper()} is {place!r}, expected {expected}")
    return read


def base_of(name: str, secrets: Collection[str], settings: Collection[str]) -> str:
    """The secret that a variable names a file of; empty if it is none.

    >>> base_of("api_token_file", {"api_token"}, {"api_token"}), base_of("rules_file", {"api_token"}, {"rules"})
    ('api_token', '')
    """
    base = name.removesuffix(ENDING)
    return base if name not in settings and base != name and base in secrets else ""


def secret_in(path: Path) -> str:
    """The secret that a file holds, without the line's end. Raises OSError, and ValueError with the reason."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("it is larger than 64 KiB")
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    if not secret.strip():
        raise ValueError("it is empty")
    return secret


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
