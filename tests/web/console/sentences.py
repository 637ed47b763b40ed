"""Every sentence of the console, found where it stands: in templates and in code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from responder.core.contact.sentences import SENTENCES as REASONS
from responder.core.outbound.leaving import REFUSED
from responder.web.console.frame import rendering
from responder.web.console.frame.language import SETTINGS, WORDS

FOLDER = Path(rendering.__file__).parent.parent
SAYING = {"say", "one"}
NAMED = {"sentence"}  # arguments that are translated later


def sentences() -> dict[str, str]:
    """Each sentence with the file that has it."""
    words = (
        *WORDS.values(),
        *SETTINGS.values(),
        *rendering.MONTHS,
        *rendering.DAYS,
        *REASONS.values(),
        *(why for _, why in REFUSED),
    )
    found = dict.fromkeys(words, "words")
    for template in sorted((FOLDER / "templates").glob("*.html")):
        for _, _, message in _extract(template.read_text("utf-8")):
            sentence = message if isinstance(message, str) else message[0] if message else None
            if sentence:  # the others are sentences of the code, which are found there
                found[sentence] = template.name
    for module in sorted(FOLDER.rglob("*.py")):
        found |= dict.fromkeys(_said(ast.parse(module.read_text("utf-8"))), module.name)
    return found


def _extract(template: str) -> Iterator[tuple[int, str, Any]]:
    extension = rendering.environment().extensions["jinja2.ext.InternationalizationExtension"]
    return extension._extract(template)  # type: ignore[attr-defined, no-any-return]


def _said(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=[first, *_]) if name in SAYING | {"count"}:
                yield from _texts(first)
            case ast.keyword(arg=name, value=value) if name in NAMED:
                yield from _texts(value)
            case ast.AnnAssign(target=ast.Name(id="SENTENCES")) | ast.Assign(targets=[ast.Name(id="SENTENCES")]):
                yield from (text for text in _texts(node) if " " in text)
            case ast.Assign(targets=[ast.Name(id="said")]):
                yield from (text for text in _texts(node) if " " in text and "%" not in text)


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search("[A-Za-z]", part.value):
            yield part.value
