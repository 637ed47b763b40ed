"""Messages that could not be handled."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedMessages:
    """How many messages failed and can be received again, by why; the reasons hold nothing that anybody texted."""

    by_reason: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.by_reason.values())

    @property
    def reasons(self) -> str:
        """Why, in a few words.

        >>> FailedMessages(by_reason={"ValueError": 1}).reasons
        'ValueError'
        >>> FailedMessages(by_reason={"8 workers died while they handled it": 2, "ValueError": 1}).reasons
        '8 workers died while they handled it (2), ValueError (1)'
        """
        if len(self.by_reason) == 1:
            return next(iter(self.by_reason))
        return ", ".join(f"{reason} ({count})" for reason, count in self.by_reason.items())
