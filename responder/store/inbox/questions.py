"""Our own questions: kept with the plan that asks them, closed with the one that answers."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import OptOut, StepStatus
from responder.core.contact.question import (
    QUESTIONS_REMEMBERED,
    Ask,
    Choice,
    CloseQuestion,
    Happening,
    Question,
    QuestionKind,
    QuestionStatus,
    after_happening,
)
from responder.core.deciding.plan import Plan
from responder.core.sms.times import iso
from responder.store.base.bulk import among_listed
from responder.store.base.records import as_row, from_row
from responder.store.base.sqlite.in_place import kept
from responder.store.base.tables import messages, questions, steps

OPEN = QuestionStatus.OPEN
LENGTH_OF_KEY = 32  # of a message, which the key of its question begins with
_IS_OPEN = questions.c.status == OPEN
_CLOSED: dict[str, Any] = {
    "status": bindparam("new_status"),
    "closed_at": bindparam("now"),
    "closed_by": bindparam("of_message"),
}
_CLOSE = update(questions).where(questions.c.key == bindparam("of_key"), _IS_OPEN).values(_CLOSED)
_IS_SAME = (questions.c.kind == QuestionKind.WHICH) | (questions.c.choices == bindparam("of_choices"))
_REPLACE = (
    update(questions)
    .where(
        questions.c.originator == bindparam("of_originator"),
        questions.c.destination == bindparam("of_destination"),
        _IS_OPEN,
        _IS_SAME,
    )
    .values(_CLOSED)
)
_UNSENT = (steps.c.key == questions.c.key) & (steps.c.status == StepStatus.QUEUED) & _IS_OPEN
_ASKED = kept(
    select(questions, steps.c.seq.label("step_seq"))
    .outerjoin(steps, _UNSENT)
    .where(
        among_listed(questions.c.originator, "originators"),
        questions.c.asked_at > bindparam("since"),
        questions.c.status != QuestionStatus.VOID,
    )
    .order_by(questions.c.asked_at, questions.c.key)
)
_WAITS = select(steps.c.key).where(steps.c.key == questions.c.key, steps.c.status == StepStatus.QUEUED).exists()


async def put_questions(connection: AsyncConnection, plans: Iterable[Plan]) -> None:
    """Ask and close questions as the plans say, in their order."""
    asked: dict[str, list[str]] = defaultdict(list)
    unsent: dict[str, list[str]] = {}  # those that a STOP of the batch takes back, by originator
    for plan in plans:
        originator = plan.message.originator
        for effect in plan.effects:
            if isinstance(effect, CloseQuestion):
                await connection.execute(_CLOSE, {"of_key": effect.key, **_closing(plan, effect.happening)})
            elif isinstance(effect, Ask):
                await _ask(connection, plan, effect.question, unsent.get(originator))
                asked[originator].append(effect.question.key)
        if any(isinstance(effect, OptOut) for effect in plan.effects):
            unsent[originator] = asked[originator].copy()


async def _ask(connection: AsyncConnection, plan: Plan, question: Question, unsent: Collection[str] | None) -> None:
    """Ask a question. The one that it replaces is void if a STOP before it takes back its text, which never left."""
    row = _row(question)
    ends = {f"of_{name}": row[name] for name in ("originator", "destination", "choices")}
    if unsent is not None:
        never_left = questions.c.key.in_(unsent) | _WAITS
        await connection.execute(_REPLACE.where(never_left), {**ends, **_closing(plan, Happening.MOVE)})
    await connection.execute(_REPLACE, {**ends, **_closing(plan, Happening.NEWER)})
    await connection.execute(insert(questions), row)


def _closing(plan: Plan, happening: Happening) -> Mapping[str, Any]:
    return {
        "new_status": after_happening(OPEN, happening),
        "now": plan.message.received_at,
        "of_message": plan.message.key,
    }


async def read_questions(
    connection: AsyncConnection, originators: Collection[str], now: datetime
) -> Mapping[str, tuple[Question, ...]]:
    """The questions that each of the originators was asked lately, oldest first; those that never left are none."""
    asked: dict[str, list[Question]] = defaultdict(list)
    lately = {"originators": originators, "since": now - QUESTIONS_REMEMBERED}
    for row in (await connection.execute(_ASKED, lately)).all():
        asked[row.originator].append(_question(row, waits=row.step_seq is not None))
    return {originator: tuple(theirs) for originator, theirs in asked.items()}


async def questions_before(
    connection: AsyncConnection, originators: Collection[str], seq: int, at: datetime
) -> Mapping[str, tuple[Question, ...]]:
    """The recent questions to each originator, as they stood before the message with this number."""
    asking, closing = messages.alias(), messages.alias()
    query = (
        select(questions, closing.c.seq.label("closed_seq"))
        .join(asking, asking.c.key == func.substr(questions.c.key, 1, LENGTH_OF_KEY))
        .outerjoin(closing, closing.c.key == questions.c.closed_by)
        .where(
            questions.c.originator.in_(originators),
            asking.c.seq < seq,
            questions.c.asked_at > at - QUESTIONS_REMEMBERED,
        )
        .order_by(questions.c.asked_at, questions.c.key)
    )
    asked: dict[str, list[Question]] = defaultdict(list)
    for row in (await connection.execute(query)).all():
        was_closed = row.closed_seq < seq if row.closed_seq else row.closed_at is not None and row.closed_at < at
        question = _question(row) if was_closed else replace(_question(row), status=OPEN)
        if question.status is not QuestionStatus.VOID:
            asked[row.originator].append(question)
    return {originator: tuple(theirs) for originator, theirs in asked.items()}


def _row(question: Question) -> dict[str, Any]:
    choices = json.dumps([[choice.subject, iso(choice.starts_at)] for choice in question.choices])
    return as_row(question, questions, choices=choices)


def _question(row: Row[Any], *, waits: bool = False) -> Question:
    return from_row(Question, row, choices=tuple(_choices(json.loads(row.choices))), waits=waits)


def _choices(kept: Iterable[tuple[str, str | None]]) -> Iterator[Choice]:
    for subject, starts_at in kept:
        yield Choice(subject=subject, starts_at=datetime.fromisoformat(starts_at) if starts_at else None)
