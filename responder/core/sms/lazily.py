"""A property computed once, without the lock that ``functools.cached_property`` takes before Python 3.12."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class lazily(Generic[T]):  # noqa: N801  (a decorator)
    """Computes a property when it is first looked at, and keeps it with its object.

    >>> class Text:
    ...     words = lazily(lambda self: print("once") or ("a", "b"))
    >>> text = Text()
    >>> text.words, text.words
    once
    (('a', 'b'), ('a', 'b'))
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, of: None, owner: type) -> Self: ...
    @overload
    def __get__(self, of: object, owner: type) -> T: ...
    def __get__(self, of: object | None, owner: type) -> T | Self:
        if of is None:
            return self
        value = of.__dict__[self._name] = self._compute(of)
        return value
