"""What is told of a word that is not known: the one that was meant, or where it belongs."""

import re
from collections.abc import Collection

from responder.core.rules.template import did_you_mean

SYNONYMS = {
    "if": "when", "on": "when", "do": "then", "action": "then", "actions": "then",
    "keyword": "text", "keywords": "text", "word": "text", "words": "text", "message": "text", "equals": "text",
    "is": "text", "begins_with": "starts_with", "begins": "starts_with", "includes": "contains",
    "regex": "pattern", "regexp": "pattern",
    "send": "reply", "respond": "reply", "response": "reply", "answer": "reply", "sms": "reply", "say": "reply",
    "join": "subscribe", "leave": "unsubscribe", "call": "webhook",
    "time": "hours", "date": "since", "lang": "language",
}  # fmt: skip
"""Words that people write who have not looked up ours."""
BELONGS = {
    ("condition", "then"): ", it belongs to the rule: begin it below 'when', not below what stands in it",
    ("condition", "reply"): ", it is an action: write it below 'then'",
}
AT_THE_TOP = {
    **dict.fromkeys(("quiet_hours", "reminders", "window", "which", "late", "unclear"), "appointments"),
    **dict.fromkeys(("replies", "equal", "per_day", "all_per_day", "mute", "notice"), "limits"),
    **dict.fromkeys(("stop", "start", "help"), "reserved"),
    **dict.fromkeys(("cooldown", "typos", "max_segments"), "defaults"),
    **dict.fromkeys(("columns", "dates", "times"), "imports"),
}
"""The section that keys belong to which some write at the top."""
GLUED_BLANK = re.compile(r"([A-Za-z_]+):([\u00a0\u2000-\u200b\u202f\u3000\ufeff])")


def remedy_for(typed: str, kind: str, known: Collection[str], *, is_top: bool) -> str:
    """What to do about a word that is not known, for the end of its mistake."""
    likely = SYNONYMS.get(typed.lower())
    if likely in known:
        return f", did you mean {likely!r}?"
    if (section := AT_THE_TOP.get(typed)) in known and is_top:
        return f", it belongs below {section!r}"
    if remedy := BELONGS.get((kind, typed)):
        return remedy
    if found := GLUED_BLANK.match(typed):
        return f": the blank behind '{found[1]}:' (U+{ord(found[2]):04X}) only looks like one, type it anew"
    return f"{did_you_mean(typed, known)}{_look_alike(typed, known)}"


def _look_alike(typed: str, known: Collection[str]) -> str:
    """What is told of a letter of another alphabet, by which a word looks like one of ours and is none."""
    foreign = next((c for c in typed if not c.isascii() and c.isalpha()), None)
    if foreign is None or not did_you_mean(typed, known).endswith("?"):
        return ""
    return f" The {foreign!r} in it (U+{ord(foreign):04X}) only looks like a letter of ours: type the word anew"
