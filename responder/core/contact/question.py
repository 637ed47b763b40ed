"""Questions that responder asks: the choices they offer, and how they end.

The effect ``Ask`` asks one, ``CloseQuestion`` ends it, and ``state`` says whether it is still open. A double opt-in has
``kind=OPT_IN`` and the lists as choices. What an answer does stands in ``core.dialogue``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

QUESTIONS_REMEMBERED = timedelta(days=7)  # after it was asked, so that a late answer is still recognised as one


class QuestionKind(StrEnum):
    """What is asked."""

    WHICH = "which"
    OPT_IN = "opt_in"


class QuestionStatus(StrEnum):
    """The state of a question."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    STARTED = "started"
    VOID = "void"
    REPLACED = "replaced"


class Happening(StrEnum):
    """What ends a question."""

    ANSWER = "answer"
    EXPIRY = "expiry"
    START = "start"
    """Every appointment that it asks about has begun."""
    MOVE = "move"
    """The appointment was moved since, or the text that asks never left."""
    NEWER = "newer"
    """The number was asked something else."""


TRANSITIONS: Mapping[tuple[QuestionStatus, Happening], QuestionStatus] = {
    (QuestionStatus.OPEN, Happening.ANSWER): QuestionStatus.ANSWERED,
    (QuestionStatus.OPEN, Happening.EXPIRY): QuestionStatus.EXPIRED,
    (QuestionStatus.OPEN, Happening.START): QuestionStatus.STARTED,
    (QuestionStatus.OPEN, Happening.MOVE): QuestionStatus.VOID,
    (QuestionStatus.OPEN, Happening.NEWER): QuestionStatus.REPLACED,
}
"""All changes of state; a question that has ended never changes again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One answer that a question offers: an appointment's id and time, or a list's name."""

    subject: str
    starts_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something that we asked, and that a short text may now answer.

    ``key`` is that of the text that asks, ``destination`` our number that asked, and ``intention`` what happens to the
    choice.
    """

    key: str
    kind: QuestionKind
    originator: str
    destination: str
    asked_at: datetime
    expires_at: datetime
    choices: tuple[Choice, ...]
    intention: str = ""
    status: QuestionStatus = QuestionStatus.OPEN
    waits: bool = field(default=False, compare=False)
    """Whether the text that asks had not left yet when this was read."""

    @property
    def is_open(self) -> bool:
        return self.status is QuestionStatus.OPEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A question is asked. It replaces a list of appointments, or the same question, from the same number of ours."""

    question: Question


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseQuestion:
    """A question ends."""

    key: str
    happening: Happening


def question_key(message_key: str, number: int = 1) -> str:
    """The key of a question that a message leads to, and of the step that asks it.

    >>> question_key("m1"), question_key("m1", 2)
    ('m1-q', 'm1-q2')
    """
    return f"{message_key}-q{number if number > 1 else ''}"


def after_happening(status: QuestionStatus, happening: Happening) -> QuestionStatus:
    """The state of a question after something happened.

    >>> str(after_happening(QuestionStatus.OPEN, Happening.ANSWER))
    'answered'
    >>> str(after_happening(QuestionStatus.EXPIRED, Happening.ANSWER))
    'expired'
    """
    return TRANSITIONS.get((status, happening), status)


def replaced(question: Question, newer: Question) -> Question:
    """The question once a newer one is asked: a list of appointments or the same question ends."""
    is_same = question.kind is QuestionKind.WHICH or question.choices == newer.choices
    if question.destination != newer.destination or not is_same:
        return question
    return replace(question, status=after_happening(question.status, Happening.NEWER))


def state(
    question: Question, now: datetime, is_standing: Callable[[Choice], bool] = lambda _choice: True
) -> QuestionStatus:
    """The state of a question at a moment; ``is_standing`` says whether a choice is still available."""
    status = question.status
    starts = [choice.starts_at for choice in question.choices if choice.starts_at]
    if starts and max(starts) <= now:
        status = after_happening(status, Happening.START)
    if now >= question.expires_at:
        status = after_happening(status, Happening.EXPIRY)
    if not any(is_standing(choice) for choice in question.choices):
        status = after_happening(status, Happening.MOVE)
    return status
