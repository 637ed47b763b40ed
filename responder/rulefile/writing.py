"""Small changes of the text of a rules file: a word for a rule, or a test, with nothing else touched."""

import json
import re

from responder.core.rules.rules import Rules
from responder.rulefile.reading.nodes import Mapping, Node, Scalar, Sequence
from responder.rulefile.reading.places import Source, entry, placed_sources

UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for line breaks, or not at all
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
WORDS = ("text", "starts_with", "contains")


def quoted(text: str) -> str:
    """A text as YAML in quotes, which are JSON's.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def with_alias(rules: Rules, rule: str, word: str) -> tuple[str, int] | None:
    """The main file's text with one more word for a rule, and its line; None where there is no place for it."""
    found = placed_sources(rules).rules.get(rule)
    main = next(iter(rules.sources.items()))
    if found is None or found[0].file != main[0]:
        return None
    source, node = found
    when = entry(node, "when")
    words = next((pair[1] for name in WORDS if when and (pair := entry(when[1], name))), None)
    while isinstance(words, Mapping) and words.entries:
        words = words.entries[0][1]
    place = _end_of(words, source) if words else None
    if place is None:
        return None
    return _inserted(main[1], words, place, quoted(word))


def _end_of(node: Node, source: Source) -> tuple[int, int] | None:
    """Where the first word of a condition begins, as line and column."""
    first = node.items[0] if isinstance(node, Sequence) and node.items else node
    if not isinstance(first, Scalar) or first.place.line > len(source.lines):
        return None
    return first.place.line, first.place.column


def _inserted(text: str, words: Node | None, place: tuple[int, int], new: str) -> tuple[str, int] | None:
    lines, (line, column) = LINE.findall(text), place
    mark = "\ufeff" if text.startswith("\ufeff") and line == 1 else ""
    old = lines[line - 1].removeprefix(mark)
    before, after = old[: column - 1], old[column - 1 :]
    if isinstance(words, Sequence):
        if before.rstrip().endswith("-"):  # one item a line: a line of its own before it
            end = old[len(old.rstrip("\r\n")) :] or "\n"
            lines.insert(line - 1, mark + before + new + end)
        else:
            lines[line - 1] = f"{mark}{before}{new}, {after}"
    elif length := _length_of(after):
        lines[line - 1] = f"{mark}{before}[{after[:length]}, {new}]{after[length:]}"
    else:
        return None
    return "".join(lines), line


def _length_of(rest: str) -> int:
    """How many characters of a line a single word takes, in quotes or without; 0 where that is not plain to see."""
    if found := re.match(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', rest):
        return found.end()
    if rest[:1] in ("|", ">", "", "\r", "\n"):
        return 0
    plain = re.match(r"[^,\[\]{}\r\n]*?(?=\s+#|\s*[,\]}]|\s*[\r\n]|\s*\Z)", rest)
    return plain.end() if plain else 0


def with_test(text: str, entry_of_tests: str) -> str:
    """The text with one more test at the end of ``tests``, which is begun where there is none."""
    lines = LINE.findall(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    begins = next((at for at, line in enumerate(lines) if re.match(r"tests\s*:", line.removeprefix("\ufeff"))), None)
    written = entry_of_tests.replace("\n", end)
    if begins is None:
        head = text if not text or text.endswith(("\n", "\r")) else text + end
        return f"{head}{end}tests:{end}{written}"
    last = begins
    for at in range(begins + 1, len(lines)):
        if lines[at].strip() and not lines[at][0].isspace() and not lines[at].startswith(("#", "-")):
            break
        if lines[at].strip():
            last = at
    if not lines[last].endswith(("\n", "\r")):
        lines[last] += end
    shift = _shift(lines[begins + 1 : last + 1])
    lines.insert(last + 1, re.sub(r"(?m)^  ", shift, written))
    return "".join(lines)


def _shift(body: list[str]) -> str:
    """How far the entries of a list stand in."""
    first = next((line for line in body if line.lstrip().startswith("- ")), "  - ")
    return first[: len(first) - len(first.lstrip())]
