"""A value that is never shown."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, which a log or a traceback shows nothing of.

    >>> Secret("long enough"), bool(Secret(""))
    (Secret(), False)
    """

    _value: str = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self._value)

    def get_secret_value(self) -> str:
        """The secret itself."""
        return self._value
