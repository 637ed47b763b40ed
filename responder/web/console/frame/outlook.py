"""What every page shows above and beside its own matter: what waits for whom, and what is wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from responder.core.operations.messages import Counts
from responder.core.operations.records import RulesStatus
from responder.core.rules.sections import Alert, AlertKind
from responder.desk.desk import Desk
from responder.desk.messages import open_alerts, waiting_counts
from responder.errors import StorageError

GOOD_FOR_S = 2.0  # each look costs a commit and some queries
SEEN_ELSEWHERE = {AlertKind.RULES_REFUSED, AlertKind.MESSAGES_WAIT}  # told here at once, with more


class Worker(Protocol):
    """A worker that has been seen lately."""

    @property
    def rules_are_ok(self) -> bool:
        """Whether it goes by the rules of the file."""


class State(Protocol):
    """The state of the service, as monitors are told."""

    @property
    def redis_is_up(self) -> bool:
        """Whether workers can be woken."""

    @property
    def workers(self) -> Sequence[Worker]:
        """Those that have been seen lately."""

    @property
    def oldest_waiting(self) -> datetime | None:
        """When the oldest message came in that nobody has handled."""


class Health(Protocol):
    """What tells the state of the service."""

    async def state(self) -> State | None:
        """The state; None if the database cannot commit."""

    @property
    def rules(self) -> Callable[[], RulesStatus]:
        """What tells of the rules in force."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something that needs a person: a sentence with its values, and the page that has more."""

    sentence: str
    values: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    link: str = "/status"
    is_urgent: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What waits and what is wrong, as of a moment ago; ``counts`` is None where it cannot be known."""

    counts: Counts | None
    notices: tuple[Notice, ...] = ()


NOTHING_KNOWN = Outlook(counts=None)
AWAY = Outlook(
    counts=None,
    notices=(
        Notice(sentence="The database cannot be reached: texts are refused, and the gateway sends them again later."),
    ),
)
SENTENCES = {
    AlertKind.DEAD_LETTERS: ("%(count)s were given up.", "/deliveries"),
    AlertKind.WEBHOOK_OFF: ("The webhook %(subject)s is switched off.", "/deliveries"),
    AlertKind.GATEWAY_REFUSES: ("The gateway takes no replies; they wait.", "/status"),
    AlertKind.CREDIT_LOW: ("The credit at %(subject)s is low: %(credit)s.", "/status"),
    AlertKind.MAILBOX_FAILS: ("Nothing is taken from the mailbox %(subject)s.", "/status"),
    AlertKind.MESSAGES_FAILED: ("%(count)s messages could not be handled.", "/?status=failed"),
    AlertKind.CLOCK_OFF: ("The gateway's clock and ours differ.", "/status"),
}


class Lookout:
    """Looks when a page asks, and not more often than every few seconds."""

    def __init__(self, *, desk: Desk, health: Health) -> None:
        self._desk = desk
        self._health = health
        self._looking = asyncio.Lock()
        self._seen: Outlook | None = None
        self._seen_at = 0.0

    async def look(self, *, good_for_s: float = GOOD_FOR_S) -> Outlook:
        async with self._looking:
            if self._seen is None or time.monotonic() - self._seen_at >= good_for_s:
                self._seen = await self._look()
                self._seen_at = time.monotonic()
            return self._seen

    def forget(self) -> None:
        """Look anew next time, since somebody has just done something."""
        self._seen = None

    async def _look(self) -> Outlook:
        state = await self._health.state()
        if state is None:
            return AWAY
        try:
            counts, alerts = await _both(waiting_counts(self._desk), open_alerts(self._desk))
        except StorageError:
            return AWAY
        return Outlook(counts=counts, notices=tuple(_notices(state, self._health.rules(), alerts, self._desk.clock())))


async def _both(counts: Awaitable[Counts], alerts: Awaitable[Sequence[Alert]]) -> tuple[Counts, Sequence[Alert]]:
    return await counts, await alerts


def _notices(state: State, rules: RulesStatus, alerts: Sequence[Alert], now: datetime) -> Iterator[Notice]:
    if not state.redis_is_up:
        yield Notice(sentence="Redis is away: texts still go in, and replies go out once it is back.")
    if not state.workers:
        yield Notice(sentence="No worker is running: texts go in and wait.")
    elif state.oldest_waiting and (now - state.oldest_waiting).total_seconds() > 60:
        yield Notice(sentence="A text has waited for more than a minute.")
    if not rules.is_ok or not all(worker.rules_are_ok for worker in state.workers):
        mistake = next(iter(rules.mistakes), "")
        yield Notice(
            sentence="The rules file has mistakes: the last good rules stay in force.", detail=mistake, link="/rules"
        )
    yield from (notice for alert in alerts if (notice := _of_alert(alert)))


def _of_alert(alert: Alert) -> Notice | None:
    trouble = alert.trouble
    if trouble.kind in SEEN_ELSEWHERE:
        return None
    sentence, link = SENTENCES[trouble.kind]
    values = {"subject": trouble.subject, **trouble.details}
    return Notice(sentence=sentence, values=values, detail=trouble.details.get("reason", ""), link=link)
