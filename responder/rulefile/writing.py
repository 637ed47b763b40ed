"""Small changes of the text of a rules file: a word for a rule, a test, a list, rules; nothing else is touched."""

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import PurePath

from responder.core.contact.reasons import because
from responder.core.rules.rules import Rules
from responder.errors import ResponderError, RulesError
from responder.rulefile.reading.nodes import Mapping, Node, Scalar, Sequence, read_nodes
from responder.rulefile.reading.places import Source, Sources, entry, placed_sources, scalars

UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for line breaks, or not at all
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
WORDS = ("text", "starts_with", "contains")
PLAIN = re.compile(r"[^\W\d_]\w*(?: \w+)*")  # needs no quotes
NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def quoted(text: str) -> str:
    """A text as YAML in quotes, which are JSON's.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


class NoPlace(ResponderError):
    """Why a rule gets no further word; the sentence says what to do instead."""


def with_alias(rules: Rules, rule: str, word: str) -> tuple[str, int]:
    """The main file's text with one more word for a rule, and the line of that word. Raises NoPlace."""
    main = next(iter(rules.sources.items()))
    words = _words_of(rules, rule, main[0], word)
    for offered in _offered(main[1], words, as_word(word)):
        if _says(offered[0], main[0], rule, word, words):
            return offered
    raise NoPlace(because("words_not_changed", rule=rule))


def _words_of(rules: Rules, rule: str, file: str, word: str) -> Node:
    """The words of a rule as they are written; of several languages, those that are most like a word."""
    found = placed_sources(rules).rules.get(rule)
    if found is None:
        raise NoPlace(because("rule_gone", rule=rule))
    if found[0].file != file:
        raise NoPlace(because("rule_elsewhere", rule=rule, file=PurePath(found[0].file).name))
    words = _condition(found[1])
    if words is None:
        raise NoPlace(because("rule_asks_no_words", rule=rule))
    if isinstance(words, Mapping):
        words = max((value for _, value in words.entries), key=lambda value: _likeness(value, word))
    return words


def _condition(rule: Node) -> Node | None:
    when = entry(rule, "when")
    return next((pair[1] for name in WORDS if when and (pair := entry(when[1], name))), None)


def _likeness(words: Node, word: str) -> float:
    return max(SequenceMatcher(None, one.text.casefold(), word.casefold()).ratio() for one in scalars(words))


def _offered(text: str, words: Node, new: str) -> Iterator[tuple[str, int]]:
    """Ways to write one more word: behind the last, before the first, or beside the only one."""
    lines = LINE.findall(text)
    items = words.items if isinstance(words, Sequence) else ()
    first, last = (items[0], items[-1]) if items else (words, words)
    for item, is_behind in ((last, True), (first, False)):
        if not isinstance(item, Scalar) or item.place.line > len(lines):
            continue
        at = item.place.line - 1
        mark = "\ufeff" if at == 0 and lines[at].startswith("\ufeff") else ""
        old = lines[at].removeprefix(mark)
        before, after = old[: item.place.column - 1], old[item.place.column - 1 :]
        length = _length_of(after)
        if items and before.rstrip().endswith("-") and "[" not in before:
            end = old[len(old.rstrip("\r\n")) :] or "\n"
            ended = lines[at] if lines[at].endswith(("\r", "\n")) else lines[at] + end
            yield (
                _joined(lines, at, [ended, before + new + end] if is_behind else [before + new + end, lines[at]]),
                (at + 1 + is_behind),
            )
        elif length and items:
            written = f"{after[:length]}, {new}" if is_behind else f"{new}, {after[:length]}"
            yield _joined(lines, at, [mark + before + written + after[length:]]), at + 1
        elif length:
            yield _joined(lines, at, [f"{mark}{before}[{after[:length]}, {new}]{after[length:]}"]), at + 1


def _joined(lines: list[str], at: int, instead: list[str]) -> str:
    return "".join([*lines[:at], *instead, *lines[at + 1 :]])


def _says(text: str, file: str, rule: str, word: str, words: Node) -> bool:
    """Whether a text can be read, and gives a rule one word more."""
    try:
        root, mistakes = read_nodes(text, file)
    except RulesError:
        return False
    found = Sources(files=(Source(file=file, root=root, lines=()),)).rules.get(rule)
    written = _condition(found[1]) if found and not mistakes else None
    if written is None:
        return False
    said = [one.text for one in scalars(written)]
    return all(one.text in said for one in scalars(words)) and word in said


def as_word(text: str) -> str:
    """A text as YAML, in quotes where it needs them or would mean something else to another program.

    >>> as_word("news on"), as_word("yes"), as_word("- {")
    ('news on', '"yes"', '"- {"')
    """
    return text if PLAIN.fullmatch(text) and text.casefold() not in NO_WORDS else quoted(text)


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
    return _with_entry(text, "tests", entry_of_tests)[0]


def with_rules(text: str, entries: str) -> tuple[str, int]:
    """The text with more rules behind the last, and the line where they begin."""
    return _with_entry(text, "rules", entries)


def with_list(text: str, entry_of_lists: str) -> str:
    """The text with one more list, which is written on one line. Raises NoPlace."""
    lines = LINE.findall(text)
    at = _head(lines, "lists")
    if at is None:
        rules = _head(lines, "rules")
        begun = f"lists:{_end_of(lines)}  {entry_of_lists}{_end_of(lines) * 2}"
        return _joined(lines, rules, [begun, lines[rules]]) if rules is not None else begun + text
    written = lines[at].partition(":")[2].partition(" #")[0].strip()
    if not written:
        return _with_entry(text, "lists", f"  {entry_of_lists}\n")[0]
    if not (written.startswith("{") and written.endswith("}")):
        raise NoPlace(because("lists_not_changed", entry=entry_of_lists))
    inner = written[1:-1].strip()
    return _joined(lines, at, [lines[at].replace(written, f"{{{inner}{', ' if inner else ''}{entry_of_lists}}}", 1)])


def _head(lines: list[str], section: str) -> int | None:
    head = re.compile(rf"{section}\s*:")
    return next((at for at, line in enumerate(lines) if head.match(line.removeprefix("\ufeff"))), None)


def _end_of(lines: list[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


def _with_entry(text: str, section: str, written: str) -> tuple[str, int]:
    """The text with something more at the end of a section, and its line."""
    lines = LINE.findall(text)
    end, begins = _end_of(lines), _head(lines, section)
    if begins is None:
        head = text if not text or text.endswith(("\n", "\r")) else text + end
        begun = f"{head}{end}{section}:{end}"
        return begun + written.replace("\n", end), len(LINE.findall(begun)) + 1
    last = begins
    for at in range(begins + 1, len(lines)):
        if lines[at].strip() and not lines[at][0].isspace() and not lines[at].startswith(("#", "-")):
            break
        if lines[at].strip() and not lines[at].startswith("#"):
            last = at
    if not lines[last].endswith(("\n", "\r")):
        lines[last] += end
    shift = _shift(lines[begins + 1 : last + 1])
    lines.insert(last + 1, re.sub(r"(?m)^  ", shift, written).replace("\n", end))
    return "".join(lines), last + 2


def _shift(body: list[str]) -> str:
    first = next((line for line in body if line.strip() and not line.lstrip().startswith("#")), "  - ")
    return first[: len(first) - len(first.lstrip())]
