"""How a file's own values read in a plain sentence."""

from collections.abc import Callable, Iterable, Mapping

from responder.core.rules.rules import Rules
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.places import scalars

LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian",
    "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
}  # fmt: skip
MARKS = "\\`*_<>[]|#"
InWords = Callable[[Node, Rules], str]
"""Gives the words for what the author wrote."""


def quoted(text: str) -> str:
    """A text in quotation marks, on one line, with nothing that Markdown would take for its own.

    >>> quoted("50% *off*")
    '“50% \\\\*off\\\\*”'
    """
    line = " / ".join(part.strip() for part in text.strip().splitlines())
    return f"“{''.join(f'{chr(92)}{c}' if c in MARKS else c for c in line)}”"


def either(values: Iterable[str], last: str = "or") -> str:
    """Words as a sentence lists them.

    >>> either(["a", "b", "c"])
    'a, b or c'
    """
    words = list(values)
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def language_in_words(language: str) -> str:
    """The name of a language."""
    return LANGUAGES.get(language, language)


def title_in_words(name: str, rules: Rules) -> str:
    """The title of a list, in quotation marks."""
    return quoted(rules.list_titles.get(name, name))


def as_typed(node: Node) -> str:
    """What the author wrote, where there are no better words for it."""
    if isinstance(node, MappingNode):
        return either((f"{key.text}: {as_typed(value)}" for key, value in node.entries), "and")
    return either(quoted(scalar.text) for scalar in scalars(node))


def words_after(beginning: str) -> InWords:
    """Words that quote what the author wrote, under each language if there are several."""

    def in_words(node: Node, _rules: Rules) -> str:
        if not isinstance(node, MappingNode):
            return f"{beginning} {either(quoted(scalar.text) for scalar in scalars(node))}"
        parts = (
            f"{either(quoted(s.text) for s in scalars(value))} ({language_in_words(key.text)})"
            for key, value in node.entries
        )
        return f"{beginning} {', or '.join(parts)}"

    return in_words


def values_after(beginning: str, names: Mapping[str, str] | None = None) -> InWords:
    """Words that list values, by other names where there are some."""

    def in_words(node: Node, _rules: Rules) -> str:
        return f"{beginning} {either((names or {}).get(scalar.text, scalar.text) for scalar in scalars(node))}".strip()

    return in_words
