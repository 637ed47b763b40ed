"""Double opt-in, as conversations: who joins a list that asks first is asked, and joins by a yes."""

from datetime import timedelta

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.known import Appointment, Known
from responder.core.deciding.plan import Plan
from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from tests.conftest import NOON
from tests.planning import appointment, known, plan, replies

FILE = """
version: 1
languages: [en, it]
lists:
  news: {title: News, double_opt_in: true}
  offers: {title: Offers}
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - name: news-on
    when: {text: {en: News ON, it: Notizie SI}}
    then:
      - subscribe: news
      - reply: {en: "Welcome to {{ list.title }}.", it: "Benvenuto in {{ list.title }}."}
      - webhook: crm
  - name: both-on
    when: {pattern: "all of (?P<what>it)"}
    then: [subscribe: news, subscribe: offers, reply: "Both {{ match.what }}."]
  - name: fine
    when: {answer: confirm}
    then: [appointment: confirm, reply: "See you."]
  - name: "yes"
    when: {text: YES}
    then: [reply: "Yes what?"]
fallback: {then: [reply: "Sorry?"]}
"""
RULES = read_rules(FILE, "rules.yaml", {})


class Talk:
    """One phone that texts."""

    def __init__(self, *appointments: Appointment, rules: Rules = RULES) -> None:
        self.known: Known = known(appointments=appointments)
        self.rules = rules
        self.seq = 0

    def text(self, text: str, after: timedelta = timedelta(0)) -> Plan:
        self.seq += 1
        made = plan(text, self.rules, self.known, at=NOON + after + timedelta(seconds=self.seq), seq=self.seq)
        self.known = known_after(self.known, made.effects, made.message)
        return made

    @property
    def lists(self) -> dict[str, str]:
        return {name: str(subscription.status) for name, subscription in self.known.subscriptions.items()}


def test_who_wants_to_join_is_asked_and_is_pending() -> None:
    talk = Talk()
    asked = talk.text("News ON")
    assert (asked.rule, replies(asked)) == (
        "news-on",
        ["Reply YES to get News. If you did not ask for it, do nothing."],
    )
    assert (talk.lists, len(asked.steps)) == ({"news": "pending"}, 1)


def test_a_yes_carries_out_the_rule() -> None:
    talk = Talk()
    talk.text("News ON")
    joined = talk.text("Yes please!")
    assert (joined.rule, replies(joined), talk.lists) == ("question", ["Welcome to News."], {"news": "subscribed"})
    assert [step.kind for step in joined.steps] == ["reply", "webhook"]


@pytest.mark.parametrize("text", ["sì", "Si!", "OK", "yes"])
def test_the_answer_may_be_in_any_active_language(text: str) -> None:
    talk = Talk()
    talk.text("Notizie SI")
    talk.text(text)
    assert talk.lists == {"news": "subscribed"}


def test_the_question_is_in_the_language_of_whoever_asks_to_join() -> None:
    assert replies(Talk().text("Notizie SI")) == [
        "Rispondi SI per ricevere News. Se non l'hai chiesto, non fare nulla."
    ]


def test_a_no_ends_it() -> None:
    talk = Talk()
    talk.text("News ON")
    assert (replies(talk.text("no")), talk.lists) == ([], {"news": "unsubscribed"})
    talk.text("yes")
    assert talk.lists == {"news": "unsubscribed"}


def test_after_two_days_a_yes_is_no_answer_any_more() -> None:
    talk = Talk()
    talk.text("News ON")
    late = talk.text("yes", after=timedelta(hours=49))
    assert (replies(late), talk.lists) == (["Yes what?"], {"news": "pending"})


def test_one_yes_counts_once() -> None:
    talk = Talk()
    for text in ("News ON", "yes"):
        talk.text(text)
    assert replies(talk.text("yes")) == ["Yes what?"]


def test_another_text_leaves_the_question_open() -> None:
    talk = Talk()
    talk.text("News ON")
    assert replies(talk.text("who is this?")) == ["Sorry?"]
    talk.text("yes")
    assert talk.lists == {"news": "subscribed"}


def test_who_is_on_the_list_already_is_not_asked_again() -> None:
    talk = Talk()
    for text in ("News ON", "yes"):
        talk.text(text)
    assert replies(talk.text("News ON")) == ["Welcome to News."]


def test_the_question_comes_before_an_appointment() -> None:
    talk = Talk(appointment())
    talk.text("News ON")
    assert (replies(talk.text("yes")), replies(talk.text("yes"))) == (["Welcome to News."], ["See you."])


def test_a_rule_that_also_joins_a_plain_list_waits_as_a_whole() -> None:
    talk = Talk()
    talk.text("all of it")
    assert talk.lists == {"news": "pending"}
    assert (replies(talk.text("yes")), talk.lists) == (["Both ."], {"news": "subscribed", "offers": "subscribed"})


def test_stop_ends_the_question_and_start_does_not_join() -> None:
    talk = Talk()
    for text in ("News ON", "STOP"):
        talk.text(text)
    assert talk.lists == {"news": "unsubscribed"}
    for text in ("yes", "START"):
        talk.text(text)
    assert talk.lists == {"news": "unsubscribed"}


def test_a_rule_that_is_gone_still_leaves_a_yes_that_joins() -> None:
    talk = Talk()
    talk.text("News ON")
    talk.rules = read_rules(FILE.replace("name: news-on", "name: other"), "rules.yaml", {})
    assert (replies(talk.text("yes")), talk.lists) == ([], {"news": "subscribed"})


def test_the_question_can_be_in_words_of_the_file() -> None:
    file = FILE.replace("double_opt_in: true", "double_opt_in: true, question: 'Want {{ list.title }}? YES or NO'")
    assert replies(Talk(rules=read_rules(file, "rules.yaml", {})).text("News ON")) == ["Want News? YES or NO"]


PLAIN = """
version: 1
lists: {news: {title: News}}
rules:
  - name: news-on
    when: {text: News ON}
    then:
      - subscribe: {list: news, for: 90d, already: "You get {{ list.title }} already."}
      - reply: Welcome.
      - hand_off: look
"""


def test_who_is_on_the_list_already_is_told_so_instead_of_welcomed() -> None:
    talk = Talk(rules=read_rules(PLAIN, "rules.yaml", {}))
    assert (replies(talk.text("News ON")), replies(talk.text("News ON"))) == (["Welcome."], ["You get News already."])


def test_a_subscription_for_a_while_ends_with_it_and_is_renewed_by_the_next_text() -> None:
    talk = Talk(rules=read_rules(PLAIN, "rules.yaml", {}))
    talk.text("News ON")
    talk.text("News ON", after=timedelta(days=10))
    ends_at = talk.known.subscriptions["news"].ends_at
    assert ends_at is not None
    assert (ends_at - NOON).days == 100
