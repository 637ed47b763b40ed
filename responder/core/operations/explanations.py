"""Explanations of messages, and why one got no reply."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from responder.core.operations.records import MessageRecord

NOT_SENT = "not sent: "
NOT_DONE = "not done: "
BY_RESERVED = {
    "reserved:stop": (
        "STOP was heard, and its confirmation goes out once in 24 hours at most, or is the gateway's to send"
    ),
    "reserved:review": "the text may ask for no more texts, so a person has to look",
}


TOLD_OF_A_MISS = ("rule", "line", "why")  # to programs; pages also read the code and the values of its reason


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
        steps=tuple(decided["steps"]),
        near_misses=tuple(decided["near_misses"]),
        reserved=decided.get("reserved"),
    )


def why_silent(explanation: Explanation) -> str:
    """Why a handled message got no reply, in one sentence."""
    held_back = (note.removeprefix(NOT_SENT) for note in _notes(explanation, "reply") if note.startswith(NOT_SENT))
    ignored = _notes(explanation, "none")
    reason = next((reason for reason in (*held_back, *ignored) if reason), None)
    return reason or _by_rule(explanation)


def _notes(explanation: Explanation, action: str) -> Iterator[str]:
    """The notes of the steps of a kind, without the one about a text that was cut."""
    for step in explanation.steps:
        if step["action"] == action and (note := str(step.get("note", ""))):
            yield note[max(0, note.find(NOT_SENT)) :]


def _by_rule(explanation: Explanation) -> str:
    rule, reason = explanation.message.rule, _hand_off(explanation)
    handed_off = f', and a person is asked to look ("{reason}")' if reason else ""
    if explanation.message.is_superseded:
        return "a newer message of the number stands, or a change by hand"
    if rule is None:
        return f"nothing matched{handed_off or ', and the rules file has no fallback'}{_nearest(explanation)}"
    if rule == "question":
        return f"it is about an appointment, or answers a question of ours, and nothing is said to it{handed_off}"
    if rule == "fallback":
        return f"nothing matched, and the fallback has no reply{handed_off}{_nearest(explanation)}"
    return BY_RESERVED.get(rule) or f"the rule {rule} has no reply{handed_off}"


def _hand_off(explanation: Explanation) -> str | None:
    done = (step for step in explanation.steps if not str(step.get("note", "")).startswith(NOT_DONE))
    return next((str(step["reason"]) for step in done if step["action"] == "hand_off"), None)


def _nearest(explanation: Explanation) -> str:
    """The rule that came nearest, and why it does not answer."""
    for miss in explanation.near_misses[:1]:
        return f"; the nearest rule is {miss['rule']} (line {miss['line']}): {miss['why']}"
    return ""
