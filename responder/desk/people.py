"""All that is known of one number, and the opaque handle by which pages name it."""

from collections.abc import Mapping
from typing import Any

from responder.core.operations.pages import opened, sealed
from responder.desk.desk import Desk, Missing, Records
from responder.store.reading.records import PERSON

PERSON_PURPOSE = "person"  # what handles are sealed for


def handle_of(desk: Desk, originator: str) -> str:
    """The handle of a number: letters that say nothing without the installation's secret."""
    return sealed(desk.secret, PERSON_PURPOSE, originator)


def number_of(desk: Desk, handle: str) -> str:
    """The number that a handle stands for, whether or not anything is known of it. Raises Missing."""
    number = opened(desk.secret, PERSON_PURPOSE, handle)
    if number is None:
        raise Missing("nobody has this handle")
    return number


def everything_about(desk: Desk, originator: str) -> Mapping[str, Records[Any]]:
    """What is known of a number beside its consent events, by kind."""
    return {kind: Records(desk=desk, listing=listing(originator)) for kind, listing in PERSON.items()}
