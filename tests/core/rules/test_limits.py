"""Limits: a number gets so many automatic answers and no more, one notice, and then silence that ends."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Mute, Purpose
from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan, make_plan, with_steps
from responder.core.rules.limits import NOTICES
from responder.core.rules.rules import Rules
from responder.core.sms.text import size
from tests.builders import ANNA, BRUNO, SHOP, minutes
from tests.conftest import NOON
from tests.planning import appointment, known, message, plan, replies, rules

ECHO = rules("""
    rules:
      - name: echo
        when: {starts_with: say}
        then: [{reply: "You said {{ rest }}."}]
      - name: yes
        when: {answer: confirm}
        then: [{reply: "See you."}]
    fallback:
      then: [{reply: "What?"}]
""")
AT_ONCE = timedelta()


@dataclass
class Talk:
    """Somebody who texts again and again."""

    by: Rules = ECHO
    about: Known = field(default_factory=known)
    now: datetime = NOON
    seq: int = 0

    def text(self, text: str, after: timedelta = AT_ONCE) -> Plan:
        self.now, self.seq = self.now + after, self.seq + 1
        told = make_plan(message(text, self.about.originator, at=self.now, seq=self.seq), self.by, self.about)
        self.about = with_steps(known_after(self.about, told.effects, told.message), told)
        return told

    def texts(self, *texts: str) -> list[list[str]]:
        return [replies(self.text(text)) for text in texts]


def limited(section: str) -> Rules:
    return rules(f"limits: {section}\nfallback: {{then: [{{reply: What?}}]}}\n")


def said(count: int) -> list[str]:
    return [f"say {number}" for number in range(count)]


def test_a_number_gets_five_automatic_answers_in_ten_minutes_then_one_notice_then_silence() -> None:
    sent = Talk().texts(*said(8))
    assert sent == [*([f"You said {number}."] for number in range(5)), [NOTICES["en"]], [], []]


def test_silence_ends_by_itself() -> None:
    talk = Talk()
    talk.texts(*said(7))
    assert replies(talk.text("say hello", after=minutes(61))) == ["You said hello."]


def test_slow_talk_is_never_held_back() -> None:
    talk = Talk()
    assert all(replies(talk.text(f"say {number}", after=minutes(2.1))) for number in range(30))


def test_an_equal_text_goes_out_three_times_in_an_hour() -> None:
    talk = Talk()
    assert [replies(talk.text("blah", after=minutes(11))) for _ in range(5)] == [
        ["What?"],
        ["What?"],
        ["What?"],
        [NOTICES["en"]],
        [],
    ]


def test_stop_is_honoured_and_confirmed_in_silence() -> None:
    talk = Talk()
    talk.texts(*said(8))
    assert [step.purpose for step in talk.text("STOP").steps] == [Purpose.CONFIRMATION]
    assert talk.about.opted_out


def test_reserved_words_and_answers_to_a_question_do_not_count() -> None:
    talk = Talk(about=known(appointments=(appointment(),)))
    sent = talk.texts(*["HELP", "yes"] * 4, *said(5))
    assert all(sent)
    assert NOTICES["en"] not in [text for texts in sent for text in texts]


def test_even_answers_to_a_question_end_after_fifty_in_a_day() -> None:
    talk = Talk(about=known(appointments=(appointment(starts_at=NOON + timedelta(days=3)),)))
    sent = [replies(talk.text("yes", after=minutes(5))) for _ in range(60)]
    assert (sum(map(len, sent)), sent[-1]) == (50, [])


def test_who_opted_out_is_not_told_of_limits() -> None:
    sent = Talk(about=known(opted_out=True)).texts(*said(8))
    assert NOTICES["en"] not in [text for texts in sent for text in texts]


def test_a_held_back_answer_still_has_its_effects_and_says_why() -> None:
    by = rules(
        "limits: {replies: 1/h}\nrules: [{name: on, when: {text: News ON}, then: [{subscribe: news}, {reply: Welcome.}]}]"
    )
    talk = Talk(by=by)
    talk.text("News ON")
    told = talk.text("News ON")
    assert [type(effect).__name__ for effect in told.effects] == ["Subscribe", "Mute"]
    assert [step.get("note") for step in told.explained if step["action"] == "reply"] == [
        "not sent: limits.replies allows 1 in an hour",
        None,
    ]
    assert next(step["until"] for step in told.explained if step["action"] == "mute") == "2026-11-23T13:00:00Z"


def test_limits_can_be_set() -> None:
    assert Talk(by=limited("{replies: 2/m, mute: 1d, notice: Enough.}")).texts(*said(4)) == [
        ["What?"],
        ["What?"],
        ["Enough."],
        [],
    ]


def test_limits_can_be_switched_off() -> None:
    assert all(Talk(by=limited("{replies: off, equal: off, per_day: off, all_per_day: off}")).texts(*said(60)))


def test_without_a_notice_silence_begins_at_once() -> None:
    assert Talk(by=limited("{replies: 1/m, notice: off}")).texts(*said(3)) == [["What?"], [], []]


def test_a_notice_speaks_the_language_of_the_number_and_falls_back_on_the_built_in_words() -> None:
    by = limited("{replies: 1/m, notice: {en: Enough.}}")
    talk = Talk(by=by, about=known(language="it"))
    assert talk.texts(*said(2))[-1] == [NOTICES["it"]]


@pytest.mark.parametrize("language", NOTICES)
def test_a_notice_takes_one_segment(language: str) -> None:
    assert size(NOTICES[language]).segments == 1


@pytest.mark.parametrize(
    "text",
    [
        "Liked “See you tomorrow.”",
        "Loved “Weekly news”",
        "Laughed at “What?”",
        "Emphasised “What?”",
        "Disliked an image",
        "Reacted 😂 to “What?”",
        "Removed a like from “What?”",
        "👍 to “What?”",
        "Ha messo “Mi piace” a “See you tomorrow at ten.”",
        "Le encantó «See you tomorrow at…»",
        "Hat „See you tomorrow at ten.“",
    ],
)
def test_a_reaction_is_recorded_and_not_answered(text: str) -> None:
    about = known(sent=(Sent(at=NOON - minutes(90), text="See you tomorrow at ten.", purpose=Purpose.ANSWER),))
    told = plan(text, ECHO, about)
    assert (told.rule, told.steps, told.effects) == (None, (), ())
    assert "a reaction" in told.explained[0]["note"]


@pytest.mark.parametrize(
    "text", ["I liked “Jaws”", "liked it", "quote “a long text of others”", "say “hello there”", "👍 to all", "“”"]
)
def test_what_is_no_reaction_is_answered(text: str) -> None:
    assert replies(plan(text, ECHO))


def test_a_text_that_we_have_just_sent_is_not_answered() -> None:
    talk = Talk()
    talk.text("say hello")
    told = talk.text("you said HELLO")
    assert (told.rule, told.steps, "word for word" in told.explained[0]["note"]) == (None, (), True)


def test_a_text_that_we_sent_long_ago_is_answered() -> None:
    talk = Talk()
    talk.text("say hello")
    assert replies(talk.text("You said hello.", after=minutes(61))) == ["What?"]


def test_a_word_that_answers_our_question_counts_though_we_used_it_ourselves() -> None:
    about = known(appointments=(appointment(),), sent=(Sent(at=NOON, text="Yes", purpose=Purpose.ANSWER),))
    assert replies(plan("yes", ECHO, about)) == ["See you."]


def test_our_other_numbers_are_never_answered() -> None:
    by = replace(ECHO, own_numbers=frozenset({ANNA}))
    assert plan("blah", by).steps == ()


@pytest.mark.parametrize(
    ("originator", "section"), [(ANNA, f'"{ANNA}": {{}}, "{SHOP}": {{}}'), (ANNA, f'"{BRUNO}": {{}}')]
)
def test_numbers_that_the_file_names_are_not_answered_and_answer_alone(originator: str, section: str) -> None:
    by = rules(f"numbers: {{{section}}}\nfallback: {{then: [{{reply: What?}}]}}\n")
    assert plan("blah", by, known(originator=originator)).steps == ()


def test_a_number_that_cannot_be_answered_is_not_muted() -> None:
    sent = tuple(Sent(at=NOON, text=str(number), purpose=Purpose.ANSWER) for number in range(5))
    told = plan("blah", ECHO, known(originator=SHOP, sent=sent))
    assert not [effect for effect in told.effects if isinstance(effect, Mute)]


def test_two_responders_that_answer_each_other_stop_by_themselves() -> None:
    left, right = Talk(about=known(originator=ANNA)), Talk(about=known(originator=SHOP))
    by = rules('fallback: {then: [{reply: "Number {{ message.key }}: sorry, what?"}]}')
    left.by = right.by = by
    said_now, turns, spoken = "hello", 0, 0
    while said_now and turns < 1000:
        speaker = (left, right)[turns % 2]
        answer = replies(speaker.text(said_now, after=timedelta(seconds=5)))
        said_now, turns, spoken = (answer[0] if answer else ""), turns + 1, spoken + len(answer)
    assert (said_now, spoken <= 12) == ("", True)
