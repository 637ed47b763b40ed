"""Drafts of the rules file, and how a text that was typed keeps every byte that was not edited."""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MARK = "\ufeff"  # the byte order mark
LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n)|([^\r\n]+)\Z")
WHOLE_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as tools for patches have them
USUAL_END = "\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Rules on their way: the exact text, and the digest of the file that they began from.

    While it is being saved it has the hash that its rules will have, and why.
    """

    operator: str
    text: str
    based_on: str
    changed_at: datetime
    saving: str | None = None
    why: str | None = None


def digest_of(text: str) -> str:
    """What names a text to the byte.

    >>> digest_of("a") == digest_of("a\\n")
    False
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def shown_text(text: str) -> str:
    """A text as a box in a browser has it: without a byte order mark, and each line ended alike.

    >>> shown_text("\\ufeffa\\r\\nb")
    'a\\nb'
    """
    return text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")


def as_edited(before: str, typed: str) -> str:
    """The typed text with the ends that its lines had before; new lines get those that most have.

    >>> as_edited("\\ufeffa\\r\\nb\\r\\nc", "a\\nB\\nc")
    '\\ufeffa\\r\\nB\\r\\nc'
    """
    old, new = _lines(before.removeprefix(MARK)), _lines(shown_text(typed))
    usual = _usual_end(old)
    ends = [usual if end else "" for _, end in new]
    contents = [content for content, _ in old], [content for content, _ in new]
    for tag, i1, _, j1, j2 in difflib.SequenceMatcher(None, *contents, autojunk=False).get_opcodes():
        if tag == "equal":
            for place in range(j1, j2):
                if ends[place]:
                    ends[place] = old[i1 + place - j1][1] or usual
    mark = MARK if before.startswith(MARK) else ""
    return mark + "".join(content + end for (content, _), end in zip(new, ends, strict=True))


def _lines(text: str) -> list[tuple[str, str]]:
    """Lines with their ends; a line ends where YAML says so, and nowhere else."""
    return [(found[1] if found[2] else found[3], found[2] or "") for found in LINE.finditer(text)]


def _usual_end(lines: Sequence[tuple[str, str]]) -> str:
    counted = Counter(end for _, end in lines if end)
    return counted.most_common(1)[0][0] if counted else USUAL_END


def diff_of(before: str, after: str, name: str) -> tuple[str, ...]:
    """What differs between two texts, as a patch that tools can apply.

    >>> diff_of("a\\nb\\n", "a\\nc\\n", "rules.yaml")[3:]
    (' a', '-b', '+c')
    """
    found: list[str] = []
    old, new = WHOLE_LINE.findall(before), WHOLE_LINE.findall(after)
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        found.append(line.rstrip("\n") if line.endswith("\n") else line)
        if not line.endswith("\n"):
            found.append("\\ No newline at end of file")
    return tuple(found)
