"""Why a text got no reply, from its explanation."""

from collections.abc import Iterator

from responder.core.operations.records import Explanation

NOT_SENT = "not sent: "
NOT_DONE = "not done: "
BY_RESERVED = {
    "reserved:stop": (
        "STOP was heard, and its confirmation goes out once in 24 hours at most, or is the gateway's to send"
    ),
    "reserved:review": "the text may ask for no more texts, so a person has to look",
}


def why_silent(explanation: Explanation) -> str:
    """Why a handled message got no reply, in one sentence."""
    held_back = (note.removeprefix(NOT_SENT) for note in _notes(explanation, "reply") if note.startswith(NOT_SENT))
    ignored = _notes(explanation, "none")
    reason = next((reason for reason in (*held_back, *ignored) if reason), None)
    return reason or _by_rule(explanation)


def _notes(explanation: Explanation, action: str) -> Iterator[str]:
    """The notes of the steps of a kind, from the reason on: a text that was cut says that first."""
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
