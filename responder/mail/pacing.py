"""How long the watch on a mailbox waits, and how much it reads at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from responder.mail.mailbox import Head

HEADS_AT_ONCE = 500
MAILS_AT_ONCE = 100
BYTES_AT_ONCE = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait in a quiet mailbox, and after failures, growing from first to longest."""

    first_look_s: float = 2.0  # mail that comes between a search and IDLE may be reported only at its end
    look_s: float = 25.0
    connection_s: float = 1800.0  # then everything is searched again, for mails that somebody has unmarked
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0
    refused_s: float = 300.0  # a server that refuses a password may lock out those who try often


def groups(uids: Sequence[int], breaks: Counter[int]) -> Iterator[Sequence[int]]:
    """The UIDs in groups whose heads are read at once. A mail that a connection broke on is read alone."""
    group: list[int] = []
    for uid in uids:
        if group and (len(group) >= HEADS_AT_ONCE or breaks[uid] or breaks[group[-1]]):
            yield group
            group = []
        group.append(uid)
    if group:
        yield group


def portions(heads: Sequence[Head], breaks: Counter[int]) -> Iterator[Sequence[Head]]:
    """The mails in portions that are read at once. A mail that a connection broke on is read alone."""
    portion: list[Head] = []
    size = 0
    for head in heads:
        if portion and (len(portion) >= MAILS_AT_ONCE or size + head.size > BYTES_AT_ONCE or breaks[head.uid]):
            yield portion
            portion, size = [], 0
        portion.append(head)
        size += head.size
        if breaks[head.uid]:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
