"""The environment and ``.env``: the one place that reads them."""

import os

from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from responder.errors import ConfigurationError

PREFIX = "RESPONDER_"


class _DotEnv(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8")


def environment() -> dict[str, str]:
    """The variables of the process, and from ``.env`` in the working directory those that it lacks."""
    try:
        written = DotEnvSettingsSource(_DotEnv, case_sensitive=True).env_vars
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f".env: cannot be read ({error}), make it a text in UTF-8 that this user may read, or remove it"
        ) from error
    return {name: value for name, value in written.items() if value is not None} | dict(os.environ)


def system_environment() -> dict[str, str]:
    """The variables of the process alone, without those of ``.env``."""
    return dict(os.environ)
