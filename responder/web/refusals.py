"""Requests refused before anything is stored: counted, and logged as warnings at most once a minute."""

import asyncio
import logging
from collections import Counter

LOG_EVERY_S = 60.0

logger = logging.getLogger(__name__)


class Refusals:
    """Counts refused requests by reason, so that no stranger fills the log."""

    def __init__(self, log_every_s: float = LOG_EVERY_S) -> None:
        self._log_every_s = log_every_s
        self.totals: Counter[str] = Counter()  # since the process started
        self._counts: Counter[str] = Counter()  # since they were last logged
        self._is_quiet = False

    def count(self, reason: str) -> None:
        """One more request was refused."""
        self.totals[reason] += 1
        self._counts[reason] += 1
        if not self._is_quiet:
            self._log()

    def _log(self) -> None:
        self._is_quiet = bool(self._counts)
        for reason, count in self._counts.items():
            logger.warning("requests refused reason=%s count=%d", reason, count)
        self._counts.clear()
        if self._is_quiet:
            asyncio.get_running_loop().call_later(self._log_every_s, self._log)
