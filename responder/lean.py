"""Libraries without those of their parts that nothing here uses, since they take time and memory at each start."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(*parts: str, are_asked_for: bool = False) -> Iterator[None]:
    """Import libraries as if these modules were not installed, which they are prepared for.

    A library that is not, and asks its own part for names, finds None for each. Afterwards anybody can import the
    parts, and those that are imported already stay as they are.
    """
    absent = {part: _Blank(part) if are_asked_for else None for part in parts if part not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]  # None keeps a module from being imported
    try:
        yield
    finally:
        for part in absent:
            del sys.modules[part]


class _Blank(ModuleType):
    """A module in which every name is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)
