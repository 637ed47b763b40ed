"""No cell of ours is a formula to a spreadsheet, and what was guarded or typed as text is read as it was meant."""

import re

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with a plus and is not a formula
AS_TEXT = re.compile(r'="([^"]*)"')  # what people type so that a spreadsheet leaves a number alone


def guarded(value: str) -> str:
    """The cell for a value, which no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("+393301234567"), guarded("it's")
    ("'=1+1", '+393301234567', "it's")
    """
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def unguarded(cell: str) -> str:
    """The value that was written as this cell.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def cell_value(cell: str) -> str:
    """The value of a cell of text, of ours or of somebody's who made it text.

    >>> cell_value('="0012"'), cell_value("'=1+1")
    ('0012', '=1+1')
    """
    found = AS_TEXT.fullmatch(cell)
    return found[1] if found else unguarded(cell)
