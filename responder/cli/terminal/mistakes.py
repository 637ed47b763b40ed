"""How mistakes in a rules file are printed: in lines, with the place marked on a terminal, or as JSON."""

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer

from responder.cli.terminal.output import echo_json, one_line, say
from responder.core.rules.rules import Rules
from responder.errors import Mistake, RulesError
from responder.rulefile import load_rules
from responder.settings.environment import environment

WIDEST = 160  # characters shown of a line


def load_or_exit(path: Path, *, as_json: bool) -> Rules:
    """The rules of a file; if it has mistakes, print them and end the command with 1."""
    try:
        return load_rules(path, environment())
    except RulesError as error:
        print_mistakes(error.mistakes, "error", as_json=as_json)
        raise typer.Exit(1) from None


def print_mistakes(
    mistakes: Iterable[Mistake], level: str, *, as_json: bool, more: Mapping[int, Mapping[str, Any]] | None = None
) -> None:
    """Print mistakes; ``more`` has further JSON fields, by the number of the mistake."""
    for number, mistake in enumerate(mistakes):
        if as_json:
            place = {
                "file": mistake.file,
                "line": mistake.line,
                "column": mistake.column,
                "text": mistake.text,
                "level": level,
            }
            echo_json({**place, **(more or {}).get(number, {})})
            continue
        kind = "" if level == "error" else f"{level}: "
        say(f"{mistake.file}:{mistake.line}:{mistake.column}: {kind}{mistake.text}")
        if sys.stdout.isatty() and (line := _line_of(mistake.file, mistake.line)) is not None:
            say(pointed_at(line, mistake.column))


def pointed_at(line: str, column: int) -> str:
    """A line of a file with a caret below the column.

    >>> print(pointed_at("then: [subscibe: news]", 8))
        then: [subscibe: news]
               ^
    """
    begins = max(0, column - WIDEST // 2) if column > WIDEST else 0
    shown = one_line(line.expandtabs(1))[begins : begins + WIDEST]
    return f"    {shown}\n    {' ' * (column - begins - 1)}^"


@cache
def _lines_of(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").splitlines())
    except OSError:
        return ()


def _line_of(file: str, line: int) -> str | None:
    lines = _lines_of(file)
    return lines[line - 1] if 0 < line <= len(lines) else None
