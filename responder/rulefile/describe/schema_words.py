"""What editors tell of each key of rules.yaml."""

import inspect
from collections.abc import Mapping

from responder.core.rules.actions import ACTIONS

Words = Mapping[str, str]

TOP: Words = {
    "version": "The version of this language: 1.",
    "timezone": "The zone of the dates and times in this file and in replies, such as Europe/Rome.",
    "country": "The country of telephone numbers that are written without +, such as IT.",
    "languages": "The languages of your texts, the default one first; they choose the built-in words for "
    "stop, start, help, yes, no and another day.",
    "lists": "What people join and leave by text, each with a name.",
    "webhooks": "Systems of yours that can be called, each with a name.",
    "reserved": "Texts and further words for STOP, START and HELP, which stand above all rules.",
    "rules": "The rules, asked from the top; the first that applies answers.",
    "fallback": "What happens where no rule applies.",
    "tests": "What has to come out of texts; 'responder test' tries it.",
    "numbers": "Your numbers, each with what is stripped from texts to it before they are compared.",
    "limits": "How many automatic replies a number gets at most.",
    "appointments": "Texts and reminders for appointments, and how long before its start an appointment is open.",
    "defaults": "Settings that all rules have unless they say otherwise.",
    "include": "Further files with rules, beside this one.",
    "alerts": "Who is told when something needs a person.",
    "imports": "How your files of appointments and subscribers look.",
}
IMPORTS: Words = {
    "appointments": "Files that 'responder appointments import' reads.",
    "subscribers": "Files that 'responder subscribers import' reads.",
    "columns": "The name of each column in your file, with ours for it.",
    "dates": "In which order your file writes a day; without it, 2026-12-01.",
    "times": "What stands between hour and minutes in your file; without it, a colon.",
    "evidence": "Where the consent of all lines comes from, if your file has no such column.",
    "list": "The list of all lines, if your file has no such column.",
}
ALERTS: Words = {
    "webhook": "The name of the webhook that is told.",
    "email": "The addresses that get an e-mail; RESPONDER_SMTP_URL says how it is sent.",
    "credit_low": "Under how many euros the credit at the gateway is low, such as 10; off is never.",
}
APPOINTMENTS: Words = {
    "window": "How long before its start an appointment is open that nobody asked about, such as 7d.",
    "which": "The question where several are open; {{ choices }} is their list, {{ intention }} what a "
    "choice does: confirm, cancel, move.",
    "late": "The reply to an answer that comes after the start.",
    "unclear": "The reply to a text that is no clear answer.",
    "reminders": "Texts that responder sends before an appointment.",
    "quiet_hours": "When no reminder and no delayed reply is sent, such as 21:00-08:00.",
    "before": "How long before the start, such as 24h.",
    "text": "The text, or one for each language.",
    "only": "Only for appointments with this status.",
    "valid_for": "How long it is of use; what is later is dropped.",
}
NUMBER: Words = {
    "prefix": "The word by which a number that is shared tells texts for you; it is stripped before texts are compared."
}
DEFAULTS: Words = {
    "cooldown": "How long no rule answers the same number again, such as 10m, 24h or 7d.",
    "typos": "true accepts one wrong letter in a word of five or more, where nothing matches exactly.",
    "max_segments": "How many segments a text may take at most; more is cut.",
}
LIST: Words = {
    "title": "What people know the list by: {{ list.title }} in replies. Without it, its name.",
    "double_opt_in": "true asks whoever joins to confirm it first.",
    "question": "The question that is asked then.",
}
WEBHOOK: Words = {
    "url": "The address to call.",
    "secret": "The environment variable with the secret that signs the calls, such as "
    "${CRM_WEBHOOK_SECRET}; two of them while it is changed.",
    "events": "Events that the webhook wants to hear of without a rule.",
}
RESERVED: Words = {
    "stop": "STOP and its kin: no more texts at all.",
    "start": "START and its kin: texts again, after STOP.",
    "help": "HELP and its kin: who writes, and how to reach you.",
    "reply": "The text that answers it.",
    "words": "Further words that mean the same.",
    "ask": "The text that asks once who may want no more texts; 'none' asks nobody.",
    "left": "The text for somebody who left only some lists, as by STOP NEWS.",
    "phrases": "Phrases that opt out wherever they stand in a text.",
    "confirmation": "Who tells somebody who said STOP that it was heard: ours, gateway or none.",
}
RULE: Words = {
    "name": "Small letters, digits, - and _; it stands in all records.",
    "when": "What the rule asks; all of it has to hold.",
    "then": "What the rule does, in this order.",
    "examples": "Texts that the rule answers, and texts that it does not; 'responder test' tries them.",
    "match": "Texts that the rule answers.",
    "no_match": "Texts that the rule does not answer.",
    "enabled": "false puts the rule to sleep.",
    "continue": "true asks the rules after this one as well.",
    "cooldown": "How long the rule does not answer the same number again, such as 10m, 24h or 7d.",
    "typos": "true accepts one wrong letter in a word of five or more, where nothing matches exactly.",
    "shadow": "true decides and records, and sends nothing.",
}
TEST: Words = {
    "name": "What the test shows.",
    "from": "The number that texts.",
    "to": "The number that is texted.",
    "at": "When the text comes, such as 2026-12-01T09:00; without it, now.",
    "given": "What is known before the first text.",
    "text": "What is texted.",
    "messages": "What is texted, one after the other.",
    "expect": "What has to come out.",
}
GIVEN: Words = {
    "subscriptions": "The lists that the number is on, or lists with their statuses.",
    "appointments": "The appointments of the number.",
    "fields": "What the number told of itself.",
    "language": "The language that the number uses.",
    "opted_out": "Whether the number said STOP.",
    "responses": "What webhooks answer: names with the fields of their answers; the others do not answer in time.",
    "paused_until": "Until when a person has the conversation.",
    "messages": "Texts that came before.",
}
VISIT: Words = {
    "id": "The id of the appointment.",
    "starts_at": "When it begins, such as 2026-12-01T09:00.",
    "asked_at": "When it was asked about.",
    "name": "Whose it is.",
    "service": "What it is for.",
    "location": "Where it is.",
    "language": "The language to write in.",
    "status": "Where it stands.",
}
EXPECT: Words = {
    "rule": "The rule that answers; or fallback, reserved:stop, reserved:start, reserved:help, none.",
    "steps": "All that is done, in this order: names of actions, or actions with what matters of them.",
    "replies": "All texts that go out.",
    "subscriptions": "All lists that the number is on, or lists with their statuses.",
    "appointment": "Appointments with their statuses.",
    "fields": "What is remembered of the number.",
    "language": "The language that is remembered.",
}
SETTINGS: Words = {
    "list": "The name of one of your lists.",
    "unsubscribe.list": "The name of one of your lists, or all.",
    "text": "The text, or one for each language.",
    "to": "The name of one of your webhooks.",
    "data": "Data of your own that goes with the call.",
    "change": "What happens to the open appointment.",
    "fields": "Names with what is remembered under them.",
    "language": "One of your languages.",
    "reason": "Why a person should look.",
    "once_per": "To each number no more often than once in this time, such as 24h.",
    "max_segments": "How many segments the text may take at most; more is cut.",
    "delay": "How long to wait before it goes out, such as 10m.",
    "valid_for": "How long it is of use; what is later is dropped.",
    "otherwise": "The text where the call gives no such answer within 5 seconds.",
    "reply": "The text made of the answer of the call, such as {{ response.text }}.",
    "pause": "How long neither rules nor the fallback answer the number, such as 2h; until the hand-off "
    "is closed, at the longest.",
    "for": "How long the subscription lasts, such as 90d.",
    "already": "The text for who is on the list already.",
}


def _manual(name: str) -> str:
    manual = inspect.getdoc(inspect.getmodule(ACTIONS[name])) or ""
    said = manual.partition("\n")[0].removeprefix(f"{name}: ")
    return f"{said[:1].upper()}{said[1:]}"


class _Manuals(dict[str, str]):
    """The manuals of the actions, also of those that come later."""

    def __missing__(self, name: str) -> str:
        return _manual(name)


ACTION: Words = _Manuals()
