"""What all pages of the console share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.rules_file import RulesFile
from responder.desk.people import handle_of
from responder.processes.commands import Commands
from responder.web.console.frame.door import Door, Throttle
from responder.web.console.frame.feed import Feed
from responder.web.console.frame.outlook import Lookout
from responder.web.console.frame.running import Checks, Impacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """What all pages share; ``rules`` gives those in force."""

    desk: Desk
    door: Door
    throttle: Throttle
    lookout: Lookout
    feed: Feed
    commands: Commands
    file: RulesFile
    checks: Checks
    impact: Impacts
    rules: Callable[[], Rules]

    def zone(self) -> ZoneInfo:
        """The zone of the rules file."""
        return self.rules().zone

    def languages(self) -> Sequence[str]:
        """The languages of the rules file."""
        return self.rules().languages

    def handle(self, number: str) -> str:
        """What a number is called in addresses."""
        return handle_of(self.desk, number)
