"""Changing frozen values that change with every message."""

from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["changed"]

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import replace as changed  # whose fields a type checker knows
else:

    def changed(value: T, **fields: Any) -> T:  # noqa: ANN401  (of whatever types the fields have)
        """What ``dataclasses.replace`` gives, in a fifth of its time, for a value without slots and without lazy properties.

        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Place:
        ...     street: str
        ...     number: int
        >>> changed(Place("High Street", 1), number=2)
        Place(street='High Street', number=2)
        """
        new = object.__new__(type(value))
        new.__dict__.update(value.__dict__, **fields)
        return new
