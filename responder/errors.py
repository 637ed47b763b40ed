"""What can go wrong, by what happens next."""

from dataclasses import dataclass


class ResponderError(Exception):
    """Anything that responder itself says has gone wrong."""


class TransientError(ResponderError):
    """Certainly not done, and may pass: try again."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class PermanentError(ResponderError):
    """Certainly not done, and cannot be: dead letter."""


class BlockedError(PermanentError):
    """Certainly not done, and cannot be: the other side blocks the number, or it opted out there."""


class AccessError(ResponderError):
    """Certainly not done: the other side refuses all our requests until a person has seen to it."""


class UncertainError(ResponderError):
    """The other side may or may not have taken it; nobody can tell from here."""


class StorageError(TransientError):
    """The database could not commit or answer; as far as we know, nothing has happened.

    ``is_in_the_data`` says that it refuses a row for its content, so that other rows may be fine.
    """

    def __init__(self, reason: str, *, is_in_the_data: bool = False) -> None:
        super().__init__(reason)
        self.is_in_the_data = is_in_the_data


class DeadlockError(StorageError):
    """Others and we waited for each other, and it was we who gave way: the same may be tried again at once."""


class ConfigurationError(ResponderError):
    """A mistake of the operator's, in their words and with the remedy; shown without a traceback."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Mistake:
    """One thing wrong in a rules file, with place and remedy; line and column count from 1."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class RulesError(ConfigurationError):
    """A rules file that cannot be used, with every mistake in it."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes
