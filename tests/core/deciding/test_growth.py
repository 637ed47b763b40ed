"""Ten times the text takes about ten times as long, whatever the text: no phone holds a worker by what it types."""

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import AppointmentStatus, Purpose
from responder.core.contact.known import Known
from responder.core.contact.question import Choice, Question, QuestionKind
from responder.core.deciding.plan import make_plan
from responder.core.recognition.reserved import by_steps
from responder.core.sms.text import fold
from responder.core.sms.written import Written
from responder.rulefile import read_rules
from tests.builders import SHOP
from tests.conftest import NOON
from tests.planning import appointment, known, message

SHORT, LONG = 1_000, 10_000
AT_MOST = 15  # times as long for ten times the text: linear, and room for what a noisy machine adds
AT_MOST_MIXED = 30  # what is quadratic takes 100 times as long; beyond 3,000 characters one sentence may become of many
TOO_SHORT_TO_TELL_S = 0.0005
ABC = "abcdefghijklmnopqrstuvwxyz "

RULES = read_rules(
    """
version: 1
languages: [en, it, de, fr, es, pt, nl, pl, ro]
numbers: {"+393331234333": {prefix: shop}}
lists:
  news: {title: Weekly news}
  all-of-it: {title: the news}
  offers: {title: Offers, double_opt_in: true}
webhooks: {crm: {url: "https://crm.example.com/in", events: [delivery.changed, consent.changed, appointment.changed, handoff.opened]}}
appointments: {late: "Too late.", unclear: "A person will read this.", which: "Which one? {{ choices }}"}
defaults: {typos: true}
rules:
  - {name: told, when: {contains: [sunday, the shop, a]}, then: [webhook: {to: crm, data: {text: "{{ message.text }}"}}], continue: true}
  - {name: shadow, when: {starts_with: [b, x]}, then: [reply: "{{ rest }}"], shadow: true}
  - {name: one, when: {starts_with: ["1", ab, info, stop it]}, then: [set: {name: "{{ rest | title }}"}, reply: "{{ rest }} {{ match.text }}"]}
  - {name: track, when: {pattern: '(?P<code>\\w+ )+x$', to: "+393331234333", hours: Mon-Sun 00:00-24:00}, then: [reply: "{{ match.code | number }}"]}
  - {name: subscribed, when: {text: News OFF, list: {subscribed: news}}, then: [unsubscribe: all]}
  - {name: on, when: {text: [News ON, weekly offers], list: {not_subscribed: news}}, then: [subscribe: news, subscribe: offers], cooldown: 1h}
  - {name: "yes", when: {answer: confirm, appointment: open}, then: [appointment: confirm, language: en]}
  - {name: "no", when: {answer: [cancel, reschedule], language: en}, then: [appointment: cancel, hand_off: cancelled]}
  - {name: old, when: {contains: thursday, since: 2026-01-01, until: 2027-01-01}, then: [reply: {text: "{{ message.text }}", once_per: 1h}]}
fallback: {then: [reply: {text: "Sorry, {{ contact.number }}?", once_per: 24h}, hand_off: unrecognised]}
""",
    "rules.yaml",
    {},
)

PIECES = {
    "line breaks": "\n",
    "carriage returns": "\r\n",
    "blanks": " ",
    "tabs and blanks": " \t\u00a0",
    "quotes": '"',
    "apostrophes": "a'",
    "quoted words": "“stop” ",
    "combining marks out of order": "\u0315\u0300",
    "marks that are made of marks": "\u0f73\u0344\uff9e",
    "letters with marks": "a\u0301\u0328",
    "letters of which each becomes many": "\ufdfa",
    "fractions": "½ ",
    "digits": "1",
    "digits and blanks": "1 ",
    "digits joined": "1 e 2 ",
    "emoji": "👍",
    "emoji that are no answer": "😀",
    "joined emoji": "👨\u200d👩\u200d👧",
    "zero width": "a\u200b",
    "one letter": "a",
    "words of one letter": "a ",
    "different words of one letter": "a b c ",
    "stop": "STOP ",
    "stop without blanks": "STOP",
    "stop and a list": "stop news ",
    "stop and a list of two words": "stop the news ",
    "stop and what links": "stop the and ",
    "stop in letters": "s t o p ",
    "stop, and asking not to": "stop texting me dont stop texting me ",
    "harmless and not": "unsubscribe me please do not unsubscribe me ",
    "never": "never stop remove me ",
    "look-alikes": "ѕтор ",
    "brackets": "([{",
    "templates": "{{ {% ",
    "stars": "*",
    "web addresses": "https://example.com/a?b=c&d=e ",
    "mixed scripts": "стоп στοπ 停止 قف हिन्दी ",
    "hindi": "हि",
    "hangul": "\u1112\u1161\u11ab",
    "near a pattern": "aaaa aaa! ",
    "courtesy": "thank you so much ",
    "yes": "yes ok ",
    "no": "no ",
    "prefix": "shop: ",
    "signature": "\nSent from my ",
    "signature and blanks": "\nSent from my           ",
    "words with a slip": "sunady thrusday ",
    "rule words": "info sunday thursday weekly offers ",
    "reactions": "Liked “Welcome” ",
    "from from": "Removed a from from “",
    "start": "start ",
    "help": "help ",
    "dashes": "- ",
    "hyphens between letters": "a-",
    "folded and not": "Ǽ",
    "sharp s": "ß",
    "dotted i": "İ",
}
WHOLE: dict[str, tuple[str, str, str]] = {
    "one line break, then letters": ("\n", "a", ""),
    "blanks around a line break": ("a\nSent from my ", " \n", "x"),
    "blanks, then a letter": ("a\nSent from my", " ", "\n\n\nx"),
    "begins as a rule and never ends": ("½", " x", ""),
    "begins as a rule by many marks": ("a", "'a", "'b x"),
    "begins as a rule by zero width": ("1\u200b", "\u200b", " x"),
    "stop first": ("stop", " a", ""),
    "stop last": ("", "a ", "stop"),
    "stop and lists": ("stop", " news", ""),
    "stop and a list last": ("stop", " and the", " news"),
    "a list and stop": ("", "the news ", "stop"),
    "phrase and lists": ("stop sending me", " the news", ""),
    "pattern, nearly": ("", "a ", "y"),
    "liked": ("Liked “", "a", "”!"),
    "quoted": ("Ha scritto “", "a", "”!"),
    "removed": ("Removed a heart from “", "”", "x"),
    "short code": ("stop", "1", "x"),
    "answers, then more": ("", "yes ", "but"),
    "numbers of choices": ("", "1 2 ", "3"),
}


def repeated(begin: str, piece: str, end: str, length: int) -> str:
    """The text of that length which begins and ends so, with the piece again and again in between."""
    return begin + (piece * length)[: length - len(begin) - len(end)] + end


def acquaintance() -> Known:
    """Somebody of whom as much is known as can be: texts sent, open questions, several appointments, lists."""
    asked = Question(
        key="q",
        kind=QuestionKind.WHICH,
        originator=known().originator,
        destination=SHOP,
        asked_at=NOON - timedelta(hours=1),
        expires_at=NOON + timedelta(hours=40),
        choices=(
            Choice(subject="a1", starts_at=appointment().starts_at),
            Choice(subject="a2", starts_at=appointment("a2").starts_at),
        ),
        intention="confirm",
    )
    sent = tuple(
        Sent(at=NOON - timedelta(minutes=20 + number), text="Welcome to our news", purpose=Purpose.WELCOME)
        for number in range(3)
    )
    return known(
        appointments=(appointment(), appointment("a2", AppointmentStatus.CONFIRMED)), questions=(asked,), sent=sent
    )


STRANGER, ACQUAINTANCE = known(), acquaintance()
ONE_APPOINTMENT = replace(ACQUAINTANCE, appointments=(appointment(),), questions=())
LEXICON = RULES.vocabulary.of(STRANGER.originator)


def seconds(work: Callable[[str], object], text: str) -> float:
    """How long it takes; measured by the processor's clock, since the machine may do other things."""
    begun = time.thread_time()
    work(text)
    return time.thread_time() - begun


def check_growth(work: Callable[[str], object], short: str, long: str, at_most: int = AT_MOST) -> None:
    gc.disable()  # what the other tests left is not looked through while this one is measured
    try:
        base = max(min(seconds(work, short) for _ in range(3)), TOO_SHORT_TO_TELL_S)
        for _ in range(9):  # tries; a machine that is busy elsewhere makes one of them slow, not all
            grown = seconds(work, long)
            if grown <= at_most * base:
                return
    finally:
        gc.enable()
    pytest.fail(f"{len(short)} characters take {base * 1000:.2f} ms, {len(long)} take {grown * 1000:.2f} ms")


def plan_of(about: Known) -> Callable[[str], object]:
    return lambda text: make_plan(message(text, about.originator), RULES, about)


def plan_abroad(text: str) -> object:
    return make_plan(message(text, "+12025550123"), RULES, replace(STRANGER, originator="+12025550123"))


def recognise_all(text: str) -> object:
    folded = fold(text)
    return [
        by_steps(Written(folded), folded, LEXICON, opted_out=False, question_open=is_open, lists=RULES.list_words)
        for is_open in (False, True)
    ]


WORK: dict[str, Callable[[str], object]] = {
    "fold": fold,
    "recognise": recognise_all,
    "a stranger's plan": plan_of(STRANGER),
    "plan with questions open": plan_of(ACQUAINTANCE),
    "plan with an appointment open": plan_of(ONE_APPOINTMENT),
    "plan abroad": plan_abroad,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_piece_again_and_again_costs_as_much_each_time(piece: str, work: Callable[[str], object]) -> None:
    check_growth(work, repeated("", piece, "", SHORT), repeated("", piece, "", LONG))


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_what_only_looks_like_something_costs_as_much_each_time(
    text: tuple[str, str, str], work: Callable[[str], object]
) -> None:
    check_growth(work, repeated(*text, length=SHORT), repeated(*text, length=LONG))


hostile = st.lists(st.sampled_from(list(PIECES.values())) | st.sampled_from(ABC), min_size=1, max_size=6).map("".join)


@example(begin="never stop ([{", piece="sf", end="ij", work=recognise_all)  # a word as long as the text behind a stop
@example(  # phrases in a sentence as long as the text, once that is too long for its line breaks to be read
    begin="\n", piece="never stop remove me \nSent from my           ", end="\n", work=plan_of(STRANGER)
)
@given(begin=hostile, piece=hostile, end=hostile, work=st.sampled_from(list(WORK.values())))
@settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck))
def test_any_mixture_of_pieces_costs_as_much_each_time(
    begin: str, piece: str, end: str, work: Callable[[str], object]
) -> None:
    check_growth(work, repeated(begin, piece, end, SHORT), repeated(begin, piece, end, LONG), AT_MOST_MIXED)
