"""What is wrong with a file is told in the reader's language, whatever it is."""

import ast
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from responder.core.appointments.booking import Local
from responder.core.rules.appointments import FileForm
from responder.core.sms import address, typed_times
from responder.errors import ConfigurationError
from responder.spreadsheets import extent, reading, records, sheet, workbook
from responder.spreadsheets.records import WHY, read_bookings
from responder.web.console.frame.files import said_of_files
from responder.web.console.frame.language import FOLDER
from tests.conftest import NOON

TELLERS = (extent, reading, records, sheet, workbook, address, typed_times)
NEVER_ON_A_PAGE = {"end_from"}
TRANSLATED: dict[str, str] = json.loads(files(FOLDER).joinpath("translations", "it-files.json").read_text("utf-8"))
WORDY = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


def pieces(path: Path) -> Iterator[str]:
    """The pieces of text in a module that read like a sentence, those of its docstrings left out."""
    tree = ast.parse(path.read_text("utf-8"))
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_silent = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in NEVER_ON_A_PAGE
        if is_silent or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            silent.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield from re.split(r"[:;,] | \S*[0-9]", node.value)


def test_every_sentence_about_a_file_has_its_italian() -> None:
    modules = [Path(one.__file__ or "") for one in TELLERS]
    said = [piece.strip(" :;,'") for module in modules for piece in pieces(module)]
    wordy = [piece for piece in said if WORDY.search(piece)]
    assert len(wordy) > 50
    assert [piece for piece in wordy if piece != WHY and not any(piece in english for english in TRANSLATED)] == []


def test_a_sentence_keeps_its_values_when_it_is_translated() -> None:
    for english, italian in TRANSLATED.items():
        assert sorted(re.findall(r"\{[a-z]\}", english)) == sorted(re.findall(r"\{[a-z]\}", italian)), english


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        ("a.csv:1: the column 'id' is missing, add it", "a.csv:1: manca la colonna 'id': aggiungerla"),
        (
            (
                "a: b.csv:3: Data Ora: '2.00' is no day, expected for example 2026-12-01 (yyyy-mm-dd); "
                "if the file writes the day first, say 'dates: dd/mm/yyyy' under 'imports'"
            ),
            (
                "a: b.csv:3: Data Ora: '2.00' non è un giorno, atteso per esempio 2026-12-01 (yyyy-mm-dd); "
                "se il file scrive prima il giorno, dire 'dates: dd/mm/yyyy' sotto 'imports'"
            ),
        ),
        (
            "a.csv: 2 appointments, 1 new, 0 moved, 1 changed, 0 unchanged (dry run, nothing was changed)",
            "a.csv: 2 appuntamenti: 1 nuovi, 0 spostati, 1 cambiati, 0 invariati (prova, nulla è cambiato)",
        ),
        (
            "a.xlsx: sheet 'May': merged cells are read as empty but for the first: A1, B2",
            "a.xlsx: foglio 'May': delle celle unite si legge solo la prima, le altre come vuote: A1, B2",
        ),
        ("what nobody has translated: yet", "what nobody has translated: yet"),
    ],
)
def test_a_line_is_told_in_italian_with_its_place(english: str, italian: str) -> None:
    assert said_of_files("it").line(english) == italian
    assert said_of_files("en").line(english) == english


def test_the_columns_of_a_dry_run_stay_below_each_other() -> None:
    table = ["line  column       in the file  becomes", "2     id           01           1"]
    told = [said_of_files("it").row(row) for row in table]
    assert told == ["riga  colonna      nel file     diventa", "2     id           01           1"]


def test_no_sentence_about_a_wrong_file_is_left_in_english() -> None:
    rows = [
        "1,333,2026-12-01 09.30,nobody",
        "1,no,2026-02-30T10:00,it",
        "2,3.93E11,29/03/2026,it",
        "3,+3933312345678,24:00,it",
    ]
    local = Local(zone=ZoneInfo("Europe/Rome"), country="IT", languages=("it", "en"))
    data = "\n".join(["id,originator,starts_at,language", *rows]).encode()
    with pytest.raises(ConfigurationError) as refused:
        read_bookings(data, "x.csv", local, FileForm(), NOON).refuse_wrong_lines()
    lines = str(refused.value).splitlines()
    assert len(lines) > 8
    assert [line for line in lines if said_of_files("it").line(line) == line] == []
