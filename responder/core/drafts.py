"""Drafts become steps: replies that leave together, what the limits leave of them, and the keys that they go out under."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from responder.core.decision import QUESTION, Decision
from responder.core.effects import Awaited, Mute, Purpose, Reply, Step, StepKind, WebhookCall
from responder.core.events import Happened
from responder.core.known import Known
from responder.core.limits import Restraint
from responder.core.message import Message
from responder.core.payload import webhook_payload
from responder.core.rules import Rules
from responder.core.situation import Situation
from responder.core.timing import end_of_use

Draft = tuple[Reply | WebhookCall, Decision, Situation]
MOST_SEGMENTS = 4  # of one reply about several appointments


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """The replies of several turns in one text where its segments allow, said once where they are the same."""
    found: list[Draft] = []
    for draft, decision, situation in drafts:
        last = (
            next((place for place, (earlier, _, _) in enumerate(found) if _can_join(earlier, draft)), None)
            if situation.chosen
            else None
        )
        joined = _joined(found[last][0], draft) if last is not None else None
        if last is None or joined is None:
            found.append((draft, decision, situation))
        else:
            found[last] = (joined, *found[last][1:])
    return found


def _can_join(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> bool:
    return isinstance(earlier, Reply) and isinstance(later, Reply) and earlier.delay == later.delay


def _joined(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> Reply | None:
    if not isinstance(earlier, Reply) or not isinstance(later, Reply) or earlier.held_back or later.held_back:
        return None
    joined = earlier.text if later.text in earlier.text.split("\n") else f"{earlier.text}\n{later.text}"
    reply = replace(earlier, text=joined, uses=earlier.uses + later.uses)
    return reply if reply.segments <= MOST_SEGMENTS else None


def restrained(
    drafts: Iterable[Draft], decision: Decision, after: Known, situation: Situation, rules: Rules
) -> tuple[list[Draft], list[Mute]]:
    """The drafts that the limits leave, and the silence that follows where they leave none."""
    languages = (decision.match.language, after.language, rules.languages[0])
    restraint = Restraint(rules.limits, after, situation.now, languages)
    held: list[Draft] = []
    muting: list[Mute] = []
    for draft, turn, at in drafts:
        is_dialogue = decision.name == QUESTION or turn.answers_question
        for one in restraint.left_of(_in_dialogue(draft) if is_dialogue else draft):
            if isinstance(one, Mute):
                muting.append(one)
            else:
                held.append((one, turn, at))
    return held, muting


def _in_dialogue(draft: Reply | WebhookCall) -> Reply | WebhookCall:
    """The draft as part of a question and its answer, which the limits spare."""
    if isinstance(draft, WebhookCall):
        return replace(draft, awaited=draft.awaited and replace(draft.awaited, purpose=Purpose.DIALOGUE))
    return replace(draft, purpose=Purpose.DIALOGUE) if draft.purpose is Purpose.ANSWER else draft


def steps_of(drafts: Iterable[Draft], after: Known, no_reply: str | None, *, is_superseded: bool) -> Iterator[Step]:
    """The steps of drafts, numbered from 1; no replies where something speaks against any."""
    for number, (draft, decision, situation) in enumerate(drafts, start=1):
        if isinstance(draft, WebhookCall):
            payload = webhook_payload(
                draft, decision.name, decision.match, situation, after, is_superseded=is_superseded
            )
            yield _call(
                situation.message, number, draft.to, payload, draft.awaited if no_reply is None else None, draft.uses
            )
        elif no_reply is None and draft.held_back is None:
            yield _text(situation.message, number, draft)


def announcements(taken: int, happened: Iterable[Happened], message: Message, rules: Rules) -> Iterator[Step]:
    """The calls that tell webhooks what the effects are to others."""
    if not rules.events_told:
        return
    told = ((name, one) for one in happened for name in sorted(rules.webhooks_for(one.event)))
    for number, (name, one) in enumerate(told, start=taken + 1):
        yield _call(message, number, name, one.as_json(message.received_at))


def _call(
    message: Message, number: int, to: str, payload: str, awaited: Awaited | None = None, uses: tuple[str, ...] = ()
) -> Step:
    return Step(
        key=f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.WEBHOOK,
        originator=message.originator,
        to=to,
        sender=message.destination,
        content=payload,
        purpose=Purpose.ANSWER,
        segments=0,
        expires_at=None,
        awaited=awaited,
        arrived_at=message.received_at,
        uses=uses,
    )


def _text(message: Message, number: int, reply: Reply) -> Step:
    return Step(
        key=reply.asks or f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.REPLY,
        originator=message.originator,
        to=message.originator,
        sender=message.destination,
        content=reply.text,
        purpose=reply.purpose,
        segments=reply.segments,
        expires_at=end_of_use(reply, message.received_at),
        leaves_at=reply.leaves_at,
        arrived_at=message.received_at,
        uses=reply.uses,
    )
