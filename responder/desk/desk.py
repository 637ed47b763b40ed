"""What every look and act needs of an installation, how lists are read, and why something cannot be done."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Generic, Protocol, TypeVar

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.pages import Page, opened, sealed
from responder.core.outbound.gateway import Clock, Job
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Event
from responder.errors import ConfigurationError, ResponderError, StorageError
from responder.store.base.database import Database
from responder.store.base.records import Listing, Place, count_all, find_name, find_place, read_all, read_part

R = TypeVar("R")
T = TypeVar("T")
LARGEST_PAGE = 1000
LONGEST_NOTE = 1000  # characters
UNREADABLE = "the rules file cannot be read ('responder check' says why)"
OVERTAKEN = because("overtaken")
PLACE = "place in a list"  # the purpose that places are sealed for


class DeskError(ResponderError):
    """Something that cannot be looked at or done, in a sentence; ``code`` says of which kind that is."""

    code = "refused"


class Missing(DeskError):
    """There is nothing by this name."""

    code = "not_found"


class Recorded(Protocol):
    """A record with the fields of the contract, section 7."""

    def as_json(self) -> Mapping[str, Any]:
        """Its fields."""


S = TypeVar("S", bound=Recorded)


class Overtaken(DeskError):
    """It does not stand as whoever changes it believes; ``present`` is how it stands."""

    code = "overtaken"

    def __init__(self, sentence: str, present: Recorded | None = None) -> None:
        super().__init__(sentence)
        self.present = present


class Refused(DeskError):
    """It is there, and this cannot be done about it."""


class Invalid(DeskError):
    """What was asked for cannot be read; ``errors`` tells all that is wrong."""

    code = "invalid"

    def __init__(self, *errors: str) -> None:
        super().__init__(errors[0] if len(errors) == 1 else "; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """An installation as people look at it and act on it; ``rules`` gives those in force.

    ``ring`` wakes a worker, ``warn`` tells whoever acts what did not go along with it.
    """

    database: Database
    secret: bytes = field(repr=False)
    rules: Callable[[], Awaitable[Rules]]
    clock: Clock
    ring: Callable[[Job], None] = lambda _job: None
    warn: Callable[[str], None] = lambda _sentence: None

    async def hearers(self, event: Event) -> Collection[str]:
        """The webhooks that hear of an event; none where no rules can be read: a change never waits for the file."""
        try:
            return (await self.rules()).webhooks_for(event)
        except ConfigurationError:
            self.warn(f"{UNREADABLE}, so no webhook is told of this")
            return frozenset()

    async def zone(self) -> tzinfo:
        """The zone that people read times in: the rules', or UTC where no rules can be read."""
        try:
            return (await self.rules()).zone
        except ConfigurationError:
            self.warn(f"{UNREADABLE}, so times are in UTC")
            return UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Records(Generic[R]):
    """The records of a list: to be read by pages, or all of them, oldest first."""

    desk: Desk
    listing: Listing[R]

    async def page(self, *, limit: int, after: str | None = None, newest_first: bool = False) -> Page[R]:
        """So many records after the one with this name, which is ``next`` of the page before. Raises Invalid."""
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid(f"limit: expected a number from 1 to {LARGEST_PAGE}")
        place = None if after is None else await self._place(after)
        part = await read_part(self.desk.database, self.listing, place, limit, newest_first=newest_first)
        following = None if part.end is None else await self._name(part.end)
        return Page(items=part.records, next=following, looked_back_to=part.looked_until)

    def every(self, newest: int | None = None) -> AsyncIterator[R]:
        """The records, oldest first: all, or only the newest of them."""
        return read_all(self.desk.database, self.listing, newest)

    async def count(self) -> int:
        return await count_all(self.desk.database, self.listing)

    async def _place(self, after: str) -> Place:
        if self.listing.name is None:
            written = opened(self.desk.secret, PLACE, after)
            place = _read_place(written) if written else None
        else:
            place = await self._after(_typed(self.listing, after))
        if place is None or len(place) != len(self.listing.order):
            raise Invalid(because("place_unreadable"))
        return place

    async def _after(self, name: str | int) -> Place | None:
        """The place of a record; a number stands for itself, also before the first and behind the last."""
        if isinstance(name, int) and self.listing.order == (self.listing.name,):
            return (name,)
        return await find_place(self.desk.database, self.listing, name)

    async def _name(self, place: Place) -> str:
        if self.listing.name is not None:
            return str(await find_name(self.desk.database, self.listing, place))
        return sealed(self.desk.secret, PLACE, json.dumps(place, default=datetime.isoformat))


def _read_place(written: str) -> Place:
    return tuple(datetime.fromisoformat(part) if at == 0 else part for at, part in enumerate(json.loads(written)))


def _typed(listing: Listing[Any], after: str) -> str | int:
    if listing.name is None or listing.name.type.python_type is str:
        return after
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid("after: expected a number")
    return int(after)


def require(expected: Callable[[S | None], bool], present: S | None) -> None:
    """Raise Overtaken unless what an act is about, as its transaction sees it, stands as expected."""
    if not expected(present):
        raise Overtaken(OVERTAKEN, present)


def whatever(_present: object) -> bool:
    """Whether it is expected: always."""
    return True


def check_note(note: str, field: str = "note") -> None:
    """Raise Invalid if a note is longer than is kept."""
    if len(note) > LONGEST_NOTE:
        raise Invalid(because("note_too_long", field=field, length=len(note), most=LONGEST_NOTE))


def only_one(found: Collection[T], beginning: str, what: str) -> T:
    """The one record whose key begins so. Raises Missing, or Refused if there are several."""
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise Missing(because("no_such_key", what=what, beginning=beginning))
    raise Refused(because("several_keys", what=what, beginning=beginning))


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the store refuses into Refused; that the database is away stays what it is."""
    try:
        yield
    except (DeskError, StorageError):
        raise
    except ResponderError as error:
        raise Refused(reason_of(error)) from None
