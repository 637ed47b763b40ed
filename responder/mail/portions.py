"""How much is read of a mailbox at once; what a connection has ended over is read alone."""

from collections import Counter
from collections.abc import Iterator, Sequence

from responder.mail.mailbox import Head

HEADS_AT_ONCE = 500
MAILS_AT_ONCE = 100
BYTES_AT_ONCE = 4 * 1024 * 1024


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
