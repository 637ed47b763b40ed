"""Reasons as sentences that remember their code and values, so that they can be said in another language as well."""

from collections.abc import Mapping
from typing import Any

SENTENCES: Mapping[str, str] = {
    "other_destination": "the message went to {destination}, the rule is for {numbers}",
    "other_originator": "the message came from another number than those of the rule",
    "on_list": "the originator is on the list {list!r}",
    "not_on_list": "the originator is not on the list {list!r}",
    "other_language": "the language of the originator is {language!r}, the rule is for {languages}",
    "has_appointment": "the originator has an appointment",
    "no_such_appointment": "the originator has no {status} appointment that is open",
    "several_appointments": ("{count} appointments are open for this number, a person has to tell which one is meant"),
    "no_appointment": "no appointment is open for this number",
    "appointment_has_begun": "an appointment that was asked about has begun, a person has to tell which one is meant",
    "appointment_is_so_already": "the appointment is {status} already, a person has to look",
    "in_cooldown": "in cooldown: {period}, {left} of it left",
    "person_has_it": (
        "a person has the conversation until {until} UTC, so only reserved words and open questions are answered"
    ),
    "outside_hours": "outside its hours: {hours}, it was {day} {time}",
    "not_yet": "not yet: since {since}, it was {time}",
    "over": "over: until {until}, it was {time}",
    "rule_paused": "the rule is paused until {until}: {by} did so{why}",
    "in_shadow": "it applies, and does nothing while it is in shadow",
    "earlier_rule": "an earlier rule applies first, {rule} (line {line})",
    "one_letter_off": "one letter off: {said!r} is not {alias!r}{besides}",
}
"""The English sentence of each code; other languages have their own under the same codes and values."""


class Reason(str):
    """A sentence that says why something is not so; ``code`` and ``values`` say the same to programs."""

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The sentence with its code and values, as it is stored."""
        return {"why": str(self), "code": self.code, "values": dict(self.values)}


def because(code: str, **values: Any) -> Reason:  # noqa: ANN401  (what the sentence has places for)
    """The reason with this code.

    >>> because("on_list", list="news")
    "the originator is on the list 'news'"
    """
    reason = Reason(SENTENCES[code].format_map(values))
    reason.code, reason.values = code, values
    return reason


def reason_as_json(reason: str) -> dict[str, Any]:
    """A reason as it is stored; one without a code, such as an operator's own condition has, is a sentence alone.

    >>> reason_as_json("it rains")
    {'why': 'it rains', 'code': None, 'values': {}}
    """
    return reason.as_json() if isinstance(reason, Reason) else {"why": reason, "code": None, "values": {}}
