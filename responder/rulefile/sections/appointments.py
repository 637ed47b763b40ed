"""The section ``appointments``: when they are open to an answer, what is said of them, and the reminders."""

from collections.abc import Callable
from functools import partial

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import WINDOW
from responder.core.rules.appointments import AppointmentPolicy, Reminder, Span
from responder.core.rules.template import Names, Template, Texts
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import Reader, Wrong, is_empty, one_of
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
