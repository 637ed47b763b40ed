"""The rules in force: a good edit replaces them between two batches, a bad one is only reported."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from responder.core.operations.records import RulesStatus
from responder.core.outbound.gateway import Clock
from responder.core.rules.hours import RulePause
from responder.core.rules.rules import Rules
from responder.core.sms.times import iso
from responder.errors import ResponderError, RulesError, StorageError
from responder.rulefile import load_rules, rule_files, rules_from, sources_of
from responder.rulefile.sources import clear_left_over
from responder.rulefile.watching import Fingerprint, fingerprint, possible_changes
from responder.store.base.history import RuleVersions

SETTLED_S = 0.2  # a file that has not changed for this long is not half-written
MOST_LOOKS = 50
PAUSES_EVERY_S = 1.0  # no batch asks for them
SECRETS = Path(".env")  # which may hold the secrets of the file's webhooks
MOST_LOGGED = 20  # mistakes; ``responder check`` shows them all

logger = logging.getLogger(__name__)


async def _nothing() -> None:
    """What is called back where nobody needs to know."""


@contextmanager
def _giving_way() -> Iterator[None]:
    """Switch threads ten times as often, so that reading a large file does not block the event loop."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(usual_s / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def _status_of(rules: Rules, since: datetime) -> RulesStatus:
    return RulesStatus(hash=rules.hash, count=len(rules.rules), last_good_at=since, lists=tuple(rules.lists))


class RulesInForce:
    """The rules that a process goes by.

    A process that ``decides`` also keeps each version in the database and logs the mistakes of a refused file.
    """

    def __init__(
        self,
        path: Path,
        environment: Callable[[], Mapping[str, str]],
        versions: RuleVersions,
        clock: Clock,
        *,
        decides: bool,
        settled_s: float = SETTLED_S,
    ) -> None:
        self._path = path
        self._environment = environment
        self._versions = versions
        self._clock = clock
        self._decides = decides
        self._settled_s = settled_s
        self._seen: Fingerprint = ()
        self._rules: Rules | None = None
        self._status: RulesStatus | None = None
        self._pauses: Mapping[str, RulePause] = {}

    def rules(self) -> Rules:
        """The rules in force; a batch asks once and keeps the answer."""
        if self._rules is None:
            raise ResponderError("the rules are asked for before they were read")
        return self._rules

    def status(self) -> RulesStatus:
        """Which rules are in force, and whether they are those of the file."""
        if self._status is None:
            raise ResponderError("the rules are asked for before they were read")
        return self._status

    async def start(self) -> None:
        """Put the file's rules in force, or else the last good ones in the database, and log that.

        Raises RulesError if there are neither, and StorageError.
        """
        if self._decides:
            await asyncio.to_thread(clear_left_over, self._path)
        self._seen = await self._fingerprint()
        await self.read_pauses()
        try:
            await self._put_in_force(await asyncio.to_thread(self._read))
        except RulesError as error:
            await self._serve_last_good(error)

    async def watch(self, on_change: Callable[[], Awaitable[None]] = _nothing) -> None:
        """Follow the file and the pauses of rules until cancelled, and call back after each reading of the file."""
        pauses = asyncio.create_task(self._follow_pauses())
        try:
            await self._follow_file(on_change)
        finally:
            pauses.cancel()
            await asyncio.gather(pauses, return_exceptions=True)

    async def _follow_pauses(self) -> None:
        while True:
            await asyncio.sleep(PAUSES_EVERY_S)
            try:
                await self.read_pauses()
            except StorageError as error:
                logger.warning("pauses of rules wait for the database reason=%s", error)

    async def read_pauses(self) -> None:
        """Heed which rules are paused now; a file that is read later keeps to them."""
        self._pauses = await self._versions.pauses(self._clock())
        if self._rules is not None and self._rules.pauses != self._pauses:
            self._rules = self._rules.with_pauses(self._pauses)
            logger.info("rules paused now=%s", ", ".join(self._pauses) or "none")

    async def _follow_file(self, on_change: Callable[[], Awaitable[None]]) -> None:
        async with aclosing(possible_changes(self._files)) as turns:
            async for _ in turns:
                if await self.look():
                    await on_change()

    async def look(self) -> bool:
        """Read the file if it has changed; whether it was read."""
        if await self._fingerprint() == self._seen:
            return False
        seen = await self._settled()
        try:
            rules = await asyncio.to_thread(self._read)
            if await self._fingerprint() != seen:
                return False  # changed while it was read: the next turn looks again
            await self._put_in_force(rules)
        except StorageError as error:
            logger.warning("rules wait for the database, the next look tries again reason=%s", error)
            return False
        except RulesError as error:
            self._refuse(tuple(map(str, error.mistakes)))
        except ResponderError as error:
            self._refuse(tuple(str(error).splitlines()))
        except Exception as error:
            logger.exception("rules file cannot be read")
            self._refuse((f"{self._path}:1:1: cannot be read ({type(error).__name__}), undo the last change of it",))
        self._seen = seen
        return True

    def _files(self) -> Sequence[Path]:
        return *rule_files(self._path), SECRETS

    async def _fingerprint(self) -> Fingerprint:
        return await asyncio.to_thread(lambda: fingerprint(self._files()))

    async def _settled(self) -> Fingerprint:
        """The file's state once nobody is writing."""
        seen = await self._fingerprint()
        for _ in range(MOST_LOOKS):
            await asyncio.sleep(self._settled_s)
            before, seen = seen, await self._fingerprint()
            if seen == before:
                break
        return seen

    def _read(self) -> Rules:
        with _giving_way():
            rules = load_rules(self._path, self._environment())
            _ = rules.index  # made here, beside the work, not by the first message
        return rules

    async def _put_in_force(self, rules: Rules) -> None:
        now = self._clock()
        if self._decides:
            await self._versions.keep(rules.hash, sources_of(rules), now)
        self._rules, self._status = rules.with_pauses(self._pauses), _status_of(rules, now)
        logger.info("rules in force hash=%s rules=%d", rules.hash, len(rules.rules))

    def _refuse(self, mistakes: tuple[str, ...]) -> None:
        status = self.status()
        if mistakes != status.mistakes:
            self._log("rules file refused, the last good rules stay in force", status.hash, mistakes)
        self._status = replace(status, mistakes=mistakes)

    async def _serve_last_good(self, error: RulesError) -> None:
        version = await self._versions.newest()
        if version is None:
            raise error
        try:
            rules = await asyncio.to_thread(rules_from, version.sources, self._environment())
        except RulesError:
            raise error from None
        mistakes = tuple(map(str, error.mistakes))
        self._rules = rules.with_pauses(self._pauses)
        self._status = replace(_status_of(rules, version.in_force_at), mistakes=mistakes)
        serving = f"serving by those in force at {iso(version.in_force_at)}"
        self._log(f"rules file refused at the start, {serving}", rules.hash, mistakes)

    def _log(self, what: str, version_hash: str, mistakes: Sequence[str]) -> None:
        if not self._decides:
            return
        logger.error("%s hash=%s mistakes=%d", what, version_hash, len(mistakes))
        for mistake in mistakes[:MOST_LOGGED]:
            logger.error("mistake %s", mistake)
