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
    "end": "until", "ends": "until", "expires": "until", "expiry": "until", "deadline": "until", "till": "until",
    "start": "since", "starts": "since", "start_date": "since", "end_date": "until",
    "quando": "when", "se": "when", "allora": "then", "poi": "then", "nome": "name", "esempi": "examples",
    "testo": "text", "parola": "text", "parole": "text", "contiene": "contains", "inizia_con": "starts_with",
    "rispondi": "reply", "risposta": "reply", "invia": "reply", "iscrivi": "subscribe", "cancella": "unsubscribe",
    "chiama": "webhook", "lingua": "language", "orari": "hours", "orario": "hours", "dal": "since",
    "fino_a": "until", "fino": "until", "scadenza": "until", "al": "until",
    "regole": "rules", "liste": "lists", "lista": "list", "lingue": "languages", "paese": "country", "titolo": "title",
}  # fmt: skip
"""Words that people write who have not looked up ours."""
BELOW_WHEN = ", it belongs to the rule: begin it below 'when', not below what stands in it"
IN_THE_RULE = dict.fromkeys(("then", "examples", "cooldown", "enabled", "shadow", "continue", "typos"), BELOW_WHEN)
AN_ACTION = dict.fromkeys(
    ("reply", "subscribe", "unsubscribe", "webhook", "set", "hand_off"), ", it is an action: write it below 'then'"
)
A_CONDITION = dict.fromkeys(
    ("text", "starts_with", "contains", "pattern", "answer", "to", "from", "list", "hours", "since", "until"),
    ", it is a condition: write it below 'when'",
)
OF_A_REPLY = dict.fromkeys(
    ("once_per", "max_segments", "delay", "valid_for"), ", it goes with a reply: 'reply: {text: …, once_per: 24h}'"
)
OF_A_LIST = dict.fromkeys(("double_opt_in", "question"), ", it belongs to the list: write it below 'lists'")
COUNTED = dict.fromkeys(
    ("limit", "max", "maximum", "at_most", "first", "count", "prizes", "stock", "limite", "massimo", "primi"),
    ": a rule does not count. Pause it when the prizes are gone, or let a webhook decide",
)
BELONGS = {
    "condition": {**IN_THE_RULE, **AN_ACTION, **OF_A_REPLY, **OF_A_LIST, **COUNTED},
    "rule": {**A_CONDITION, **AN_ACTION, **OF_A_REPLY, **OF_A_LIST, **COUNTED},
    "action": {**IN_THE_RULE, **OF_A_REPLY},
    "setting": OF_A_LIST,
}
"""Where a word belongs that stands in another place, by what stands there."""
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
    likely = SYNONYMS.get(typed.lower().replace("-", "_").replace(" ", "_"))
    if likely in known:
        return f", did you mean {likely!r}?"
    if (section := AT_THE_TOP.get(typed)) in known and is_top:
        return f", it belongs below {section!r}"
    if remedy := BELONGS.get("rule" if "when" in known else kind, {}).get(typed):
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
