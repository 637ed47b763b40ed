"""What a rule looks at: one message, folded once, and what is known of its originator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.core.contact.changes import is_outdated, was_before
from responder.core.contact.echoes import TEXTS_REMEMBERED, Sent
from responder.core.contact.effects import AppointmentStatus, ChangeAppointment, Purpose
from responder.core.contact.known import WINDOW, Appointment, Known
from responder.core.contact.question import QuestionStatus, state
from responder.core.recognition.answers import read_answer
from responder.core.recognition.courtesy import only_courtesy, without_courtesy
from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import Answer
from responder.core.sms.lazily import lazily
from responder.core.sms.message import Message
from responder.core.sms.text import fold, without_prefix
from responder.core.sms.written import Written


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A message with what is known of its originator.

    ``now`` is the moment of its arrival, so that a replay decides the same. Where the originator has picked one
    of several appointments, ``chosen`` is its id, ``intention`` what they had answered before, and ``spoken`` the
    language they did so in. With ``has_one_sender`` all our texts leave from one number, whichever was texted.
    """

    message: Message
    known: Known
    lexicon: Lexicon
    window: timedelta = WINDOW
    chosen: str | None = None
    intention: Answer | None = None
    spoken: str | None = None
    prefix: str = ""
    has_one_sender: bool = False

    @property
    def now(self) -> datetime:
        return self.message.received_at

    @lazily
    def text(self) -> str:
        """The text that rules look at: without the prefix by which a shared number tells whose it is."""
        return without_prefix(self.message.text, self.prefix) if self.prefix else self.message.text

    @lazily
    def folded(self) -> str:
        return fold(self.text)

    @lazily
    def written(self) -> Written:
        """The text as somebody wrote it, with what its marks mean."""
        return Written(self.text)

    @lazily
    def names(self) -> frozenset[str]:
        """The words, folded, that name whoever writes, as far as appointments tell."""
        return frozenset(word for appointment in self.known.appointments for word in fold(appointment.name).split())

    @lazily
    def words(self) -> tuple[str, ...]:
        return tuple(self.folded.split())

    @lazily
    def open_appointments(self) -> tuple[Appointment, ...]:
        """The appointments that an answer may be about, nearest first."""
        chosen = self.known.appointment(self.chosen) if self.chosen else None
        return (chosen,) if chosen else self.known.open_appointments(self.now, self.window)

    @lazily
    def late_appointment(self) -> Appointment | None:
        """The appointment that has begun and that an answer is about; None if an open one comes first.

        An open one that nobody asked about gives way to one that has begun and still waits for its answer.
        """
        begun = [appointment for appointment in self.known.appointments if appointment.is_late(self.now)]
        latest = max(begun, key=lambda appointment: (appointment.starts_at, appointment.id), default=None)
        waits = latest is not None and latest.asked_at is not None and latest.waits
        if any(appointment.asked_at or not waits for appointment in self.open_appointments):
            return None
        return latest

    @lazily
    def appointment(self) -> Appointment | None:
        """The appointment that an answer is about; None while it could be about several."""
        return self.open_appointments[0] if len(self.open_appointments) == 1 else None

    @property
    def is_outdated(self) -> bool:
        """Whether something newer was said or done about the appointment.

        What would be made of it makes no difference.
        """
        appointment = self.appointment
        if appointment is None:
            return False
        change = ChangeAppointment(id=appointment.id, status=appointment.status, is_chosen=self.chosen is not None)
        return is_outdated(change, self.known, self.message)

    @property
    def is_overtaken(self) -> bool:
        """Whether the text can only answer an appointment that was moved or deleted since it was sent."""
        return (
            was_before(self.message, self.known.rebooked_at) and not self.open_appointments and self.answer is not None
        )

    @lazily
    def answer(self) -> tuple[Answer, str | None] | None:
        """What the whole text answers, with the language of the word."""
        if self.intention:
            return self.intention, self.spoken
        is_read = self.known.appointments or was_before(self.message, self.known.rebooked_at)
        return self._read_in(self.lexicon) if is_read else self.lexicon.answers.get(self.folded)

    def _read_in(self, lexicon: Lexicon) -> tuple[Answer, str | None] | None:
        """What the text answers in the words of a lexicon.

        A reaction to our reminder does too, and "no, thanks" after a yes may only give our thanks back.
        """
        if self.written.is_reaction:
            return (Answer.CONFIRM, None) if self._likes_reminder else None
        answer = read_answer(self.written, lexicon, self.names)
        return None if answer and answer[0] is Answer.CANCEL and self._may_thank_back else answer

    @property
    def _likes_reminder(self) -> bool:
        return self.written.is_liking and self.reacts_to_reminder and len(self.open_appointments) == 1

    @lazily
    def reacts_to_reminder(self) -> bool:
        """Whether the text is a reaction to the reminder of an appointment that is still open."""
        if not self.known.sent or not self.open_appointments or not self.written.is_reaction:
            return False
        asked = (one.asked_at or self.now for one in self.open_appointments)
        return any(one.at > min(asked) - TEXTS_REMEMBERED for one in self._quoted if one.purpose is Purpose.REMINDER)

    @property
    def reacts_to_ours(self) -> bool:
        """Whether the text is a reaction to a text of ours, in any language."""
        return bool(self.known.sent) and self.written.is_reaction and bool(self._quoted)

    @lazily
    def _quoted(self) -> Sequence[Sent]:
        quoted = fold(self.written.quoted.strip(" …\u00a0"))
        return [one for one in self.known.sent if quoted and fold(one.text).startswith(quoted)]

    @property
    def _may_thank_back(self) -> bool:
        words = self.written.folded.split()
        is_settled = all(one.status is AppointmentStatus.CONFIRMED for one in self.open_appointments)
        return is_settled and len(without_courtesy(words)) < len(words) and only_courtesy(words[1:])

    def answers_in(self, language: str, answer: Answer) -> bool:
        """Whether the text is this answer in the words of one language.

        Those of no language, such as digits, belong to each.
        """
        if self.answer is None or self.answer[0] is not answer:
            return False
        if self.intention:
            return self.spoken in (None, language)
        lexicon = self.lexicon.answering_in(language)
        found = self._read_in(lexicon) if self.known.appointments else lexicon.answers.get(self.folded)
        return found is not None and found[0] is answer

    @property
    def is_asked(self) -> bool:
        """Whether a short word may be an answer: something is open, or an answer comes late."""
        if self.known.appointments and (self.open_appointments or (self.answer and self.late_appointment)):
            return True
        rebooked_at = self.known.rebooked_at
        if rebooked_at and self.now < rebooked_at and self.is_overtaken:
            return True
        questions = self.known.questions
        return bool(questions) and any(state(question, self.now) is QuestionStatus.OPEN for question in questions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How a text met a rule: the matching part, named groups, what follows, the language of the alias."""

    text: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    language: str | None = None
    taken_for: str = ""  # the words of the rule, where the text has a typo
