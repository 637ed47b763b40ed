"""Messages as people see them: in the lines of a start page, counted, and each with why it got what it got."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.contact.effects import StepKind
from responder.core.contact.reasons import Reason, because, reason_from, with_reasons
from responder.core.operations.records import DeliveryRecord, MessageRecord

NOT_SENT = "not sent: "
NOT_DONE = "not done: "
BY_RESERVED = {"reserved:stop": because("stop_silent"), "reserved:review": because("review_silent")}
TOLD_OF_A_MISS = ("rule", "line", "why")  # to programs; pages also read the code and the values of its reason


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedLine:
    """A message in one line, with all that left because of it; ``seq`` is its place in the inbox."""

    seq: int
    message: MessageRecord
    deliveries: tuple[DeliveryRecord, ...] = ()

    @property
    def replies(self) -> tuple[DeliveryRecord, ...]:
        return tuple(one for one in self.deliveries if one.kind is StepKind.REPLY)

    @property
    def calls(self) -> tuple[DeliveryRecord, ...]:
        return tuple(one for one in self.deliveries if one.kind is StepKind.WEBHOOK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What waits: for a person, for another try, for a rule, for an answer."""

    handoffs: int
    given_up: int
    unmatched_today: int
    unanswered_today: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """What changes whenever a page of its kind would; two that are equal need no new look."""

    inbox: str
    appointments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedGroup:
    """Texts that met no rule and are alike once folded; the text, destination and key are those of the newest."""

    folded: str
    count: int
    last_at: datetime
    text: str
    destination: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleUse:
    """How often a rule applied, and when last."""

    rule: str
    count: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A message with what was decided about it and why; ``match`` is None before that."""

    message: MessageRecord
    language: str | None
    match: Mapping[str, Any] | None
    steps: tuple[Mapping[str, Any], ...]
    near_misses: tuple[Mapping[str, Any], ...]
    reserved: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of an explanation; ``reserved`` if a keyword was recognised, ``answer_ms`` once it is known."""
        why = {"language": self.language, "match": self.match, "steps": list(self.steps)}
        why |= {"near_misses": [{name: miss[name] for name in TOLD_OF_A_MISS} for miss in self.near_misses]}
        optional = {"reserved": dict(self.reserved) if self.reserved else None, "answer_ms": self.message.answer_ms}
        return self.message.as_json() | why | {name: value for name, value in optional.items() if value is not None}


def explained(message: MessageRecord, language: str | None, stored: str | None) -> Explanation:
    """A message with its explanation, read from the JSON that was stored with the plan."""
    decided: Mapping[str, Any] = json.loads(stored) if stored else {"match": None, "steps": (), "near_misses": ()}
    return Explanation(
        message=message,
        language=language,
        match=decided["match"],
        steps=tuple(map(with_reasons, decided["steps"])),
        near_misses=tuple({**miss, "why": reason_from(miss)} for miss in decided["near_misses"]),
        reserved=decided.get("reserved"),
    )


def why_silent(explanation: Explanation) -> str:
    """Why a handled message got no reply, in one sentence."""
    held_back = (_held_back(note) for note in _notes(explanation, "reply"))
    reason = next((reason for reason in (*held_back, *_notes(explanation, "none")) if reason), None)
    return reason or _by_rule(explanation)


def _notes(explanation: Explanation, action: str) -> Iterator[str]:
    return (step["note"] for step in explanation.steps if step["action"] == action and step.get("note"))


def _held_back(note: str) -> str | None:
    """The reason in a note; None where it is only about a text that was cut."""
    if isinstance(note, Reason) and note.code == "not_sent":
        reason: str = note.values["reason"]
        return reason
    return note.partition(NOT_SENT)[2] or None


def _by_rule(explanation: Explanation) -> str:
    rule, asked = explanation.message.rule, _hand_off(explanation)
    if explanation.message.is_superseded:
        return because("newer_stands")
    if rule is None:
        said = because("nothing_matched_asked", reason=asked) if asked else because("nothing_matched")
        return _with_nearest(said, explanation)
    if rule == "question":
        return _with_asked(because("question_silent"), asked)
    if rule == "fallback":
        return _with_nearest(_with_asked(because("fallback_silent"), asked), explanation)
    return BY_RESERVED.get(rule) or _with_asked(because("rule_silent", rule=rule), asked)


def _hand_off(explanation: Explanation) -> str | None:
    done = (step for step in explanation.steps if not str(step.get("note", "")).startswith(NOT_DONE))
    return next((step["reason"] for step in done if step["action"] == "hand_off"), None)


def _with_asked(said: Reason, asked: str | None) -> Reason:
    return because("and_asked", said=said, reason=asked) if asked else said


def _with_nearest(said: Reason, explanation: Explanation) -> Reason:
    for miss in explanation.near_misses[:1]:
        return because("and_nearest", said=said, rule=miss["rule"], line=miss["line"], why=miss["why"])
    return said
