"""The environment and ``.env``: the one place that reads them."""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from responder.errors import ConfigurationError
from responder.settings.secret_files import secret_in

PREFIX = "RESPONDER_"


class _DotEnv(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8")


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
    try:
        written = DotEnvSettingsSource(_DotEnv, case_sensitive=True).env_vars
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f".env: cannot be read ({error}), make it a text in UTF-8 that this user may read, or remove it"
        ) from error
    return Variables({name: value for name, value in written.items() if value is not None} | dict(os.environ))


def system_environment() -> dict[str, str]:
    """The variables of the process alone, without those of ``.env``."""
    return dict(os.environ)
