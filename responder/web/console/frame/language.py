"""The console in Italian and English: the English sentences are the keys, and statuses have words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from responder.core.contact.reasons import Reason, reason_from
from responder.core.contact.sentences import SENTENCES as REASONS

FOLDER = "responder.web.console"
LANGUAGES = {"en": "English", "it": "Italiano"}
IN_WORDS = frozenset({"day", "network", "status"})  # values of reasons that are words of ours
Sentences = Mapping[str, str | list[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The sentences of one language; what has no translation stays English."""

    language: str
    sentences: Sentences = field(default_factory=dict)

    def one(self, sentence: str) -> str:
        found = self.sentences.get(sentence, sentence)
        return found if isinstance(found, str) else found[0]

    def count(self, one: str, many: str, number: int) -> str:
        found = self.sentences.get(one, [one, many])
        return found if isinstance(found, str) else found[number != 1]

    def why(self, reason: str) -> str:
        """The reason of a record; one without a code is the sentence that it is, or has a word of ours."""
        if not isinstance(reason, Reason):
            return self.one(word_of(reason))
        words = {name: self._value(name, value) for name, value in reason.values.items()}
        if also := reason.values.get("also"):
            words["besides"] = f"; {self.one('besides')}, {self.why(reason_from(also))}"
        return self.one(REASONS[reason.code]).format_map(words)

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, tuple):
            return "; ".join(map(self.why, value))
        if isinstance(value, Reason):
            return self.why(value)
        return self.one(word_of(value)) if name in IN_WORDS and isinstance(value, str) else value


@cache
def catalogue(language: str) -> Catalogue:
    """The sentences of a language.

    >>> catalogue("it").one("Sign out"), catalogue("en").one("Sign out")
    ('Esci', 'Sign out')
    """
    if language == "en":
        return Catalogue(language="en")
    text = files(FOLDER).joinpath("translations", f"{language}.json").read_text("utf-8")
    return Catalogue(language=language, sentences=json.loads(text))


WORDS = {
    # messages
    "received": "waiting",
    "handled": "handled",
    "failed": "failed",
    "malformed": "incomplete",
    # deliveries
    "queued": "waiting",
    "sending": "on its way",
    "sent": "sent",
    "delivered": "delivered",
    "uncertain": "uncertain",
    "dead": "given up",
    "suppressed": "held back",
    "simulated": "simulated",
    "reply": "reply",
    "webhook": "webhook",
    # appointments
    "scheduled": "no answer yet",
    "confirmed": "confirmed",
    "cancelled": "cancelled",
    "reschedule_requested": "wants another day",
    "said_stop": "said STOP",
    "unclear": "unclear",
    "never_reminded": "never reminded",
    # lists
    "subscribed": "subscribed",
    "pending": "asked to confirm",
    "unsubscribed": "left",
    # consent
    "opt_in": "joined",
    "opt_out": "opted out",
    "opt_in_asked": "asked to confirm",
    # rules that are none of the file's
    "reserved:stop": "STOP",
    "reserved:start": "START",
    "reserved:help": "HELP",
    "reserved:review": "maybe a STOP",
    "question": "our question",
    "fallback": "no rule: fallback",
    # what would be otherwise
    "nothing": "no rule",
    "replies": "another reply",
    "webhooks": "another call",
    "state": "something else remembered",
    # what was done
    "subscribe": "puts on a list",
    "unsubscribe": "takes off a list",
    "set": "remembers",
    "language": "language",
    "hand_off": "hands to a person",
    "appointment": "appointment",
    "ask": "asks",
    "close_question": "ends a question",
    "mute": "stays quiet",
    "none": "nothing",
    "tell_unclear": "says it was unclear",
    "review": "asks a person",
    "end_doubt": "ends a doubt",
    "review_opened": "maybe a STOP: a person has to look",
    "review_closed": "a person decided",
    "help": "asked who we are",
    "sms_keyword": "a text, by a word",
    "sms_phrase": "a text, in its own words",
    "operator": "by hand",
    "gateway_refusal": "the gateway's refusal",
    "erased": "erased",
    "corrected": "corrected",
    # what became of an appointment
    "new": "came in",
    "moved": "moved",
    "changed": "changed",
    "deleted": "deleted",
    "answered": "answered",
    "reminded": "reminded",
    "reminder dropped": "reminder dropped",
    "set_by_hand": "set by hand",
    "reminder wanted": "reminder sent by hand",
    "message": "text",
    "import": "file",
    "api": "API",
    "reminder": "reminder",
    # why a person is asked
    "unclear answer while an appointment is open": "unclear answer",
    "wants to cancel": "wants to cancel",
    "wants another day after it was confirmed": "wants another day after confirming",
    "confirms after another day was asked for": "confirms after asking for another day",
    "cancelled after another day was asked for": "cancels after asking for another day",
    "cancelled after it was confirmed": "cancels after confirming",
    "confirms an appointment that was cancelled before": "confirms a cancelled appointment",
    "wants another day for an appointment that was cancelled before": "wants another day for a cancelled appointment",
    "answers after the appointment began": "answers too late",
    "answers a question that is closed": "answers a question that is closed",
    "chose a number that is not on the list": "chose a number that is not on the list",
    "chose an appointment that was moved, has begun or is no more": "chose an appointment that is no more",
    "answers again without choosing which appointment is meant": "does not say which appointment",
    "unrecognised": "not understood",
    # what would happen to a text that cannot be handled
    "a failure": "it could not be handled",
    # what ends a question
    "answer": "it was answered",
    "expiry": "its time was over",
    "start": "it had begun",
    "move": "it was moved",
    "newer": "something newer was asked",
    # what we asked
    "which": "which one?",
    "opt_in_question": "to join?",
    # doctor
    "ok": "fine",
    "warning": "look at it",
    "error": "has to be mended",
}

SETTINGS = {  # what an act is about, by the names of its fields
    "because": "because",
    "choices": "choices",
    "data": "with",
    "delay": "later by",
    "id": "number",
    "kind": "about",
    "language": "language",
    "leaves_at": "leaves at",
    "list": "list",
    "name": "field",
    "otherwise": "or else",
    "pause": "pause",
    "reason": "reason",
    "reply": "reply",
    "segments": "SMS",
    "status": "status",
    "to": "to",
    "until": "until",
    "value": "value",
    "word": "word",
}


def word_of(value: str) -> str:
    """What a value is called in English; one that has no word is its own.

    >>> word_of("dead"), word_of("news-on")
    ('given up', 'news-on')
    """
    return WORDS.get(value, value)
