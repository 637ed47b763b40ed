"""A setting as a field of a dataclass, and what an operator is told where it cannot be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar, cast

from responder.settings.environment import PREFIX
from responder.settings.urls import mask_url

T = TypeVar("T")
D = TypeVar("D")
SETTING = "setting"  # where a field keeps what it is
REQUIRED: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[T]):
    """A kind of setting: how it is read, which raises ValueError, and what is expected.

    Where nothing is said of that, the error says it.
    """

    read: Callable[[str], T]
    expected: str = ""
    is_secret: bool = False
    encode: Callable[[str], bytes] = str.encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A setting: its kind, its default and its line of documentation."""

    kind: Kind[Any]
    default: object
    description: str
    holds_secret: bool


class WrongEntries(ValueError):
    """Some of several entries are wrong."""

    def __init__(self, entries: list[str]) -> None:
        super().__init__("wrong entries")
        self.entries = entries


def setting(kind: Kind[T], default: D = REQUIRED, *, description: str, holds_secret: bool = False) -> T | D:
    """A field of settings; without a default it is required. An address that may hold a secret is never shown."""
    is_shown = not (kind.is_secret or holds_secret)
    what = Setting(kind=kind, default=default, description=description, holds_secret=not is_shown)
    given = {} if default is REQUIRED else {"default": default}
    return cast("T | D", field(**given, repr=is_shown, metadata={SETTING: what}))  # type: ignore[call-overload]


def settings_of(model: type[Any]) -> dict[str, Setting]:
    """The settings that a class has as its fields, by their names."""
    return {each.name: each.metadata[SETTING] for each in fields(model) if SETTING in each.metadata}


def mistakes_of(name: str, what: Setting, typed: str, error: ValueError) -> Iterator[str]:
    """A sentence for each thing that is wrong with a setting."""
    expected = what.kind.expected or str(error)
    for given in error.entries if isinstance(error, WrongEntries) else [typed]:
        yield f"{PREFIX}{name.upper()} is {shown(what, given)!r}, expected {expected}"


def is_broken(what: Setting, typed: str) -> bool:
    """Whether a value has halves of characters; in names of files the system's stray bytes are allowed."""
    try:
        what.kind.encode(typed)
    except UnicodeEncodeError:
        return True
    return False


def shown(what: Setting, typed: str) -> str:
    """A value as a mistake repeats it: of a secret nothing."""
    return "…" if what.kind.is_secret else mask_url(typed)


def secret_names(settings: Mapping[str, Setting]) -> frozenset[str]:
    """The settings that may stand in a file: secrets, and addresses that hold one."""
    return frozenset(name for name, what in settings.items() if what.holds_secret)
