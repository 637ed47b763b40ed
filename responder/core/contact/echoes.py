"""Recent replies, and the texts that merely echo or react to one and so get no answer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.core.contact.effects import Purpose
from responder.core.contact.reasons import because
from responder.core.sms.text import fold

TEXTS_REMEMBERED = timedelta(days=1)
ECHO_WITHIN = timedelta(hours=1)
REACTION = because("ignored", reason=because("reaction"))
ECHO = because("ignored", reason=because("echo"))
SHORTEST_QUOTE = 8  # folded characters of ours that, in quotes, make a reaction in any language
LONGEST_LEAD = 40  # characters before the quote
OPENING, CLOSING = '[“„«"]', '[”“»"]'

ENGLISH = re.compile(
    rf"""(?: (?:liked|loved|disliked|laughed\ at|emphasi[sz]ed|questioned) \s (?:{OPENING}.*{CLOSING} | an?\ [a-z ]+)
    | reacted \s \S{{1,16}} \s to \s (?:{OPENING}.*{CLOSING} | an?\ [a-z ]+)
    | removed \s an?\ [^“„«"]{{1,24}} \s from \s (?:{OPENING}.*{CLOSING} | an?\ [a-z ]+)
    | [^\s\w]{{1,16}} \s to \s {OPENING}.*{CLOSING} )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""Reactions of iPhones and Android as they arrive where only plain text does."""
QUOTES = re.compile(OPENING)
QUOTING = re.compile(
    rf"[^“„«\"]{{1,{LONGEST_LEAD}}}"
    rf"(?:{OPENING}[^“„«\"”»]{{1,24}}{CLOSING}[^“„«\"]{{1,12}})?{OPENING}(.*){CLOSING}\.?",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A text queued for an originator; ``answers_at`` is when the text that it answers arrived, if any."""

    at: datetime
    text: str
    purpose: Purpose
    answers_at: datetime | None = None
    waits: bool = field(default=False, compare=False)
    """Whether it had yet to leave when this was read."""

    def is_near(self, moment: datetime, period: timedelta) -> bool:
        """Whether it is near a moment, by when it would have left without an outage."""
        return abs((self.answers_at or self.at) - moment) < period


def why_ignored(text: str, folded: str, sent: Sequence[Sent], now: datetime) -> str | None:
    """Why a text gets no answer, not even the fallback's; None if it may.

    >>> why_ignored("Liked “See you tomorrow.”", "", (), datetime.min)
    'ignored: a reaction to a text, which is recorded and not answered'
    """
    if ENGLISH.fullmatch(text.strip()):
        return REACTION
    if not sent:  # that it could quote or repeat
        return None
    if _quotes(text.strip(), sent):
        return REACTION
    recent = (one.text for one in sent if one.at > now - ECHO_WITHIN)
    return ECHO if folded and any(fold(one) == folded for one in recent) else None


def _quotes(text: str, sent: Iterable[Sent]) -> bool:
    quoting = QUOTES.search(text) and QUOTING.fullmatch(text)
    quoted = fold(quoting[1].strip(" …\u00a0")) if quoting else ""
    return len(quoted) >= SHORTEST_QUOTE and any(fold(one.text).startswith(quoted) for one in sent)
