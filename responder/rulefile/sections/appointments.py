"""The sections ``appointments``, from open to reminders, and ``imports``: how the files look that an office keeps."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import WINDOW
from responder.core.rules.appointments import (
    APPOINTMENT_COLUMNS,
    DATE,
    SUBSCRIBER_COLUMNS,
    TIME,
    AppointmentPolicy,
    FileForm,
    Imports,
    Reminder,
    Span,
)
from responder.core.rules.template import Names, Template, Texts
from responder.core.sms.typed_times import DateForm, Forms, TimeForm
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import Reader, Wrong, is_empty, member_of, one_of, shown, text
from responder.rulefile.reading.scope import APPOINTMENT, CONTACT, NOTHING, Scope
from responder.rulefile.reading.times import length, quiet_hours, span

TEXT_NAMES: Names = {"contact": CONTACT | {"name"}}
CHOICES = "choices"
WHICH: Names = {**TEXT_NAMES, CHOICES: NOTHING, "intention": NOTHING}
REMINDER: Names = {**TEXT_NAMES, "appointment": APPOINTMENT, "now": NOTHING}
ONLY = (str(AppointmentStatus.SCHEDULED), str(AppointmentStatus.CONFIRMED))
MOST = 9  # reminders of one appointment
LONGEST_VALID = 6  # a reminder is of use for a sixth of the time that is left, if the file does not say for how long

BUILT_IN = {  # short, and in letters of the 7-bit alphabet, so that nine appointments fit one segment
    "de": "Welchen {{ intention }}?\n{{ choices }}\nNr. oder ALLE",
    "en": "Which one do you {{ intention }}?\n{{ choices }}\nor ALL?",
    "es": "Elija para {{ intention }}:\n{{ choices }}\nCifra/TODOS",
    "fr": "Lequel {{ intention }} ?\n{{ choices }}\nChiffre ou TOUS",
    "it": "Quale {{ intention }}?\n{{ choices }}\nNumero o TUTTI",
    "nl": "Welke {{ intention }}?\n{{ choices }}\nNummer of ALLE?",
    "pl": "Ktore {{ intention }}?\n{{ choices }}\nCyfra/WSZYSTKIE",
    "pt": "Qual {{ intention }}?\n{{ choices }}\nNumero ou TODOS?",
    "ro": "Care? ({{ intention }})\n{{ choices }}\nCifra sau TOATE",
}
APPOINTMENT_TARGETS = (*APPOINTMENT_COLUMNS, DATE, TIME)
LONGEST_TITLE = 100  # characters
LONGEST_EVIDENCE = 1000
MISSING_HALF = "'date' and 'time' make the start together: name the other one as well, or one column as 'starts_at'"


def read_appointments(node: Node | None, scope: Scope, reader: Reader) -> AppointmentPolicy:
    """What the file says about appointments, or the defaults."""
    built_in = Texts(
        {
            language: scope.templates.parse(BUILT_IN[language], WHICH)
            for language in scope.languages
            if language in BUILT_IN
        }
    )
    if node is None or is_empty(node):
        return AppointmentPolicy(which=built_in)
    inside = reader.inside("appointments")
    with inside.fields(node) as fields:
        read: Callable[[Node], Texts] = partial(scope.texts, names=TEXT_NAMES, reader=inside)
        return AppointmentPolicy(
            window=fields.take("window", length, WINDOW),
            which=fields.take("which", partial(_which, scope=scope, reader=inside), built_in),
            late=fields.take("late", read, None),
            unclear=fields.take("unclear", read, None),
            reminders=_reminders(fields.node("reminders"), scope, inside),
            quiet_hours=fields.take("quiet_hours", quiet_hours, None),
        )


def _which(node: Node, scope: Scope, reader: Reader) -> Texts:
    texts = scope.texts(node, WHICH, reader)
    if any(CHOICES not in template.source for template in texts.by_language.values()):
        raise Wrong(node, "the question needs the list that it is about, write {{ choices }} where it is to stand")
    return texts


def _reminders(node: Node | None, scope: Scope, reader: Reader) -> tuple[Reminder, ...]:
    if node is None or is_empty(node):
        return ()
    taken: dict[str, int] = {}
    read_one = partial(_reminder, taken=taken, scope=scope, reader=reader.inside("reminder"))
    read = reader.inside("appointments, reminders").each(read_one, node)
    if len(read) > MOST:
        reader.note(node.place, f"more than {MOST} reminders for one appointment, keep those that help")
    return read


def _reminder(node: Node, taken: dict[str, int], scope: Scope, reader: Reader) -> Reminder:
    with reader.fields(node) as fields:
        given = fields.node("before")
        before = reader.attempt(span, given, Span(days=1)) if given else Span(days=1)
        name = given.text if isinstance(given, Scalar) else "1d"
        if given is None:
            remedy = "add how long before the start it is sent, such as 'before: 24h'"
            reader.note(node.place, f"'before' is missing, {remedy}")
        elif name in taken:
            other = f"the reminder on line {taken[name]}"
            reader.note(given.place, f"{other} is sent {name} before as well, keep one of them")
        taken[name] = node.place.line
        only = fields.take("only", one_of(ONLY, "status"), "")
        texts, empty = partial(scope.texts, names=REMINDER, reader=reader), Texts({None: Template("", None)})
        return Reminder(
            name=name,
            before=before,
            text=fields.require("text", texts, empty, "add what it says"),
            valid_for=fields.take("valid_for", length, before.length / LONGEST_VALID),
            only=AppointmentStatus(only) if only else None,
        )


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
