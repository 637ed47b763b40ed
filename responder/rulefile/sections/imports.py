"""The section ``imports``: how the files look that an office keeps of its appointments and subscribers."""

from collections.abc import Callable, Mapping, Sequence

from responder.core.rules.imports import APPOINTMENT_COLUMNS, DATE, SUBSCRIBER_COLUMNS, TIME, FileForm, Imports
from responder.core.sms.typed_times import DateForm, Forms, TimeForm
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Reader, Wrong, is_empty, member_of, one_of, shown, text
from responder.rulefile.reading.scope import Scope

APPOINTMENT_TARGETS = (*APPOINTMENT_COLUMNS, DATE, TIME)
LONGEST_TITLE = 100  # characters
LONGEST_EVIDENCE = 1000
MISSING_HALF = "'date' and 'time' make the start together: name the other one as well, or one column as 'starts_at'"


def read_imports(node: Node | None, scope: Scope, outer: Reader) -> Imports:
    """How files look; without the section, as our own exports do."""
    if node is None or is_empty(node):
        return Imports()
    reader = outer.inside("imports")
    with reader.fields(node, example="appointments: {columns: {Codice: id}}") as fields:
        appointments = _form(
            fields.node("appointments"), APPOINTMENT_TARGETS, {}, reader.inside("imports.appointments")
        )
        fixed = {"evidence": _evidence, "list": scope.list_name}
        subscribers = _form(fields.node("subscribers"), SUBSCRIBER_COLUMNS, fixed, reader.inside("imports.subscribers"))
    return Imports(appointments=appointments, subscribers=subscribers)


def _form(
    node: Node | None, targets: Sequence[str], fixed: Mapping[str, Callable[[Node], str]], reader: Reader
) -> FileForm:
    if node is None or is_empty(node):
        return FileForm()
    with reader.fields(node) as fields:
        forms = Forms(
            dates=fields.take("dates", member_of(DateForm, "form of dates"), DateForm.YEAR_FIRST),
            times=fields.take("times", member_of(TimeForm, "form of times"), TimeForm.COLON),
        )
        columns = _columns(fields.node("columns"), targets, reader)
        values = {name: fields.take(name, read, "") for name, read in fixed.items()}
    return FileForm(columns=columns, forms=forms, fixed={name: value for name, value in values.items() if value})


def _columns(node: Node | None, targets: Sequence[str], reader: Reader) -> Mapping[str, str]:
    """Our columns by the file's names for them."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, MappingNode):
        reader.note(node.place, "expected the file's names with ours, such as 'Cellulare: originator'")
        return {}
    columns: dict[str, str] = {}
    for key, value in node.entries:
        column = reader.attempt(one_of(targets, "column"), value, "")
        title = reader.attempt(_title, key, "")
        if title.casefold() in map(str.casefold, columns):
            reader.note(key.place, f"the column {shown(title)} is named already, keep one of the two")
        elif column and column in columns.values():
            reader.note(value.place, f"{column!r} is another column already, keep one of the two")
        elif column and title:
            columns[title] = column
    if (DATE in columns.values()) != (TIME in columns.values()):
        reader.note(node.place, MISSING_HALF)
    return columns


def _title(node: Node) -> str:
    typed = " ".join(text(node).split())
    if len(typed) > LONGEST_TITLE:
        raise Wrong(node, f"a column's name of more than {LONGEST_TITLE} characters, shorten it")
    return typed


def _evidence(node: Node) -> str:
    typed = " ".join(text(node).split())
    if len(typed) > LONGEST_EVIDENCE:
        raise Wrong(node, f"{len(typed)} characters, at most {LONGEST_EVIDENCE} are kept: shorten it")
    return typed
