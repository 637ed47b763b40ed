"""The packs of responder init, and making their files: nothing that is there is overwritten."""

import base64
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from responder.errors import ConfigurationError

RULES, SETTINGS, APPOINTMENTS = "rules.yaml", ".env", "appointments.csv"
EDITOR, SCHEMA = ".vscode/settings.json", ".vscode/rules.schema.json"
EASILY_READ = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that looks like a digit
USES_SCHEMA = """{
  "yaml.schemas": {
    "./.vscode/rules.schema.json": ["/rules.yaml", "/campaigns/*.yaml"]
  }
}
"""
SATURDAY = 5
_VALUE = re.compile(r"<<(?:(?P<kind>day|workday)\+(?P<days>\d+)(?P<is_short> short)?|(?P<name>[a-z_]+))>>")


class Pack(StrEnum):
    """What an installation is for."""

    CLINIC = "clinic"
    NEWSLETTER = "newsletter"
    SHOP = "shop"
    EVENT = "event"


class PackLanguage(StrEnum):
    """The language that a pack is written in."""

    EN = "en"
    IT = "it"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file to be made; its name is relative to the folder."""

    name: str
    text: str


def pack_files(
    pack: Pack, language: PackLanguage, today: date, settings: Mapping[str, str], schema: str
) -> list[NewFile]:
    """All files of a pack, with these values in its settings and days that lie ahead of today."""
    return list(_pack_files(pack, language, today, settings, schema))


def _pack_files(
    pack: Pack, language: PackLanguage, today: date, settings: Mapping[str, str], schema: str
) -> Iterator[NewFile]:
    yield NewFile(name=RULES, text=filled(_read(f"{pack}.{language}.yaml"), today, {}))
    written = _read(f"settings.{language}.env") + _read(f"{pack}.{language}.env")
    yield NewFile(name=SETTINGS, text=filled(written, today, settings))
    if sample := _read(f"{pack}.{language}.csv"):
        yield NewFile(name=APPOINTMENTS, text=filled(sample, today, {}))
    yield NewFile(name=EDITOR, text=USES_SCHEMA)
    yield NewFile(name=SCHEMA, text=schema)


def made_secrets() -> dict[str, str]:
    """New secrets, by the names that the settings of the packs have for them."""
    return {
        "webhook_token": secrets.token_hex(16),
        "admin_password": "-".join("".join(secrets.choice(EASILY_READ) for _ in range(5)) for _ in range(4)),
        "api_token": secrets.token_hex(20),
        "orders_webhook_secret": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }


def filled(text: str, today: date, values: Mapping[str, str]) -> str:
    """A text with its values, and with days counted from today.

    >>> filled("by <<day+1>>, <<workday+1>> (<<workday+1 short>>): <<name>>", date(2026, 12, 4), {"name": "A"})
    'by 2026-12-05, 2026-12-07 (07/12): A'
    """

    def value(found: re.Match[str]) -> str:
        if found["name"]:
            return values[found["name"]]
        count = int(found["days"])
        day = today + timedelta(days=count) if found["kind"] == "day" else _workday(today, count)
        return f"{day:%d/%m}" if found["is_short"] else day.isoformat()

    return _VALUE.sub(value, text)


def language_of(variables: Mapping[str, str]) -> PackLanguage:
    """The language of the system, by the variables that POSIX has for it; English where it is another one.

    >>> str(language_of({"LANG": "it_IT.UTF-8"})), str(language_of({"LANG": "it_IT", "LC_ALL": "C"}))
    ('it', 'en')
    """
    names = (variables.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next((name for name in names if name), "")
    return PackLanguage.IT if re.match(r"it($|[^a-z])", chosen) else PackLanguage.EN


def _workday(today: date, count: int) -> date:
    """The day that comes so many working days later; weekends do not count."""
    day = today
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day


def _read(name: str) -> str:
    """The text of a file of the packs; empty if there is none of that name."""
    found = files("responder.starting").joinpath("packs", name)
    return found.read_text("utf-8") if found.is_file() else ""


def lay_down(folder: Path, files: Sequence[NewFile]) -> None:
    """Make the files. If one is there already, or cannot be made, none is, and ConfigurationError says which."""
    if there := [file.name for file in files if os.path.lexists(folder / file.name)]:
        remedy = "so nothing was written: move that away, or name another folder, as in 'responder init FOLDER'"
        verb = "is" if len(there) == 1 else "are"
        raise ConfigurationError(f"{folder.resolve()}: {', '.join(there)} {verb} there already, {remedy}")
    made: list[Path] = []
    try:
        for file in files:
            _make(folder / file.name, file.text, made)
    except OSError as error:
        _take_back(made)
        raise ConfigurationError(
            f"{error.filename or folder}: cannot be written ({error.strerror}), nothing was: "
            "name a folder that this user may write"
        ) from error
    except BaseException:
        _take_back(made)
        raise


def _make(place: Path, text: str, made: list[Path]) -> None:
    """Make one file, private to this user and new for certain, and note it with the folders made for it."""
    missing = [above for above in (place.parent, *place.parent.parents) if not above.exists()]
    for above in reversed(missing):
        above.mkdir()
        made.append(above)
    number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    made.append(place)
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as written:
        written.write(text)


def _take_back(made: Sequence[Path]) -> None:
    for place in reversed(made):
        with suppress(OSError):
            place.rmdir() if place.is_dir() else place.unlink()
