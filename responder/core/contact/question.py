"""Questions of responder's own: what was asked of whom, which answers it offers, and how it ends.

The effect ``Ask`` asks one, ``CloseQuestion`` ends it, and ``state`` says how it stands at a moment.
``Known.question(kind, destination)`` is a phone's newest, also for a while after it ended. A double opt-in has
``kind=OPT_IN`` and the lists as choices. What an answer does is said in ``core.dialogue``, which
``deciding.authorities.open_question`` asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

QUESTIONS_REMEMBERED = timedelta(
    days=7
)  # for so long after it was asked, an answer that comes too late is still known for one


class QuestionKind(StrEnum):
    """What is asked."""

    WHICH = "which"
    OPT_IN = "opt_in"


class QuestionStatus(StrEnum):
    """How a question stands."""

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
    """Everything that it asks about has begun."""
    MOVE = "move"
    """What it asks about is no longer what it was, or the text that asks never left."""
    NEWER = "newer"
    """The phone was asked something else."""


TRANSITIONS: Mapping[tuple[QuestionStatus, Happening], QuestionStatus] = {
    (QuestionStatus.OPEN, Happening.ANSWER): QuestionStatus.ANSWERED,
    (QuestionStatus.OPEN, Happening.EXPIRY): QuestionStatus.EXPIRED,
    (QuestionStatus.OPEN, Happening.START): QuestionStatus.STARTED,
    (QuestionStatus.OPEN, Happening.MOVE): QuestionStatus.VOID,
    (QuestionStatus.OPEN, Happening.NEWER): QuestionStatus.REPLACED,
}
"""All that changes a question; what has ended stays as it ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of the answers that a question offers: what it stands for, and when that begins if it has a time."""

    subject: str
    starts_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something that we asked, and that a short answer may now answer.

    ``destination`` is our number that asked, and ``intention`` what an answer is to do with what it chooses. ``key``
    is that of the text which asks.
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
    def is_open_opt_in(self) -> bool:
        """Whether lists wait for its answer."""
        return self.kind is QuestionKind.OPT_IN and self.status is QuestionStatus.OPEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A question is asked; it replaces any list, and the same question, that this number of ours asked."""

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
    """How a question stands after something happened.

    >>> str(after_happening(QuestionStatus.OPEN, Happening.ANSWER))
    'answered'
    >>> str(after_happening(QuestionStatus.EXPIRED, Happening.ANSWER))
    'expired'
    """
    return TRANSITIONS.get((status, happening), status)


def replaced(question: Question, newer: Question) -> Question:
    """A question once a newer one is asked: a list ends, as does the same question; any other stays open."""
    is_same = question.kind is QuestionKind.WHICH or question.choices == newer.choices
    if question.destination != newer.destination or not is_same:
        return question
    return replace(question, status=after_happening(question.status, Happening.NEWER))


def state(
    question: Question, now: datetime, is_standing: Callable[[Choice], bool] = lambda _choice: True
) -> QuestionStatus:
    """How a question stands at a moment; ``is_standing`` tells whether a choice still is what was asked about."""
    status = question.status
    starts = [choice.starts_at for choice in question.choices if choice.starts_at]
    if starts and max(starts) <= now:
        status = after_happening(status, Happening.START)
    if now >= question.expires_at:
        status = after_happening(status, Happening.EXPIRY)
    if not any(is_standing(choice) for choice in question.choices):
        status = after_happening(status, Happening.MOVE)
    return status
