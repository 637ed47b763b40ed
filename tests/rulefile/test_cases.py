"""The tests that stand in a rules file: how they are read, what they try, and what they find."""

import time
from datetime import UTC, datetime
from textwrap import indent

import pytest

from responder.core.rehearsal.trials import Kind, Trial, coverage, percent, try_all, try_case
from responder.errors import RulesError
from responder.rulefile import read_rules
from tests.conftest import NOON

FILE = """version: 1
languages: [en, it]
lists: {news: {title: Weekly news}, offers: }
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - name: news-on
    when: {text: {en: News ON, it: Notizie SI}}
    then: [{subscribe: news}, {reply: "Welcome{% if contact.name %} {{ contact.name }}{% endif %}. NEWS OFF to leave."}]
  - {name: news-off, when: {text: News OFF}, then: [{unsubscribe: news}, {reply: Bye.}]}
  - {name: "yes", when: {answer: confirm}, then: [{appointment: confirm}, {reply: "See you at {{ appointment.starts_at | time }}."}, {webhook: crm}]}
  - {name: my-name, when: {starts_with: my name is}, then: [{set: {name: "{{ rest }}"}}]}
  - {name: shop, when: {text: hours, to: +393331234333}, then: [{reply: 9 to 6.}]}
fallback: {then: [{hand_off: unrecognised}]}
tests:
"""
VISIT = "given: {appointments: [{id: a1, starts_at: 2026-12-01T09:00}]}\nat: 2026-11-30T10:00\n"


def tried(*tests: str) -> list[Trial]:
    """How the tests of a file go."""
    listed = "".join(f"  -\n{indent(test, '    ')}\n" for test in tests)
    rules = read_rules(FILE + listed, "rules.yaml", {})
    return [try_case(case, rules, NOON) for case in rules.tests]


def found(test: str) -> list[tuple[str, str, str]]:
    """What one test finds: what, expected, got."""
    (outcome,) = tried(f"name: only\n{test}")
    return [(difference.what, difference.expected, difference.got) for difference in outcome.differences]


def refused(test: str) -> str:
    """Why a test cannot be read."""
    with pytest.raises(RulesError) as error:
        tried(test)
    return str(error.value)


PASSING = {
    "the example of the contract": f'{VISIT}text: "Sì!"\nexpect: {{rule: "yes", appointment: {{a1: confirmed}}}}',
    "a reply with the time of the file's zone": f"{VISIT}text: ok\nexpect: {{replies: See you at 09:00.}}",
    "steps by their names": f"{VISIT}text: ok\nexpect: {{steps: [appointment, reply, webhook]}}",
    "steps with what they say": f"{VISIT}text: ok\nexpect: {{steps: [appointment: {{status: confirmed}}, reply: See you at 09:00., webhook: crm]}}",
    "steps as an explanation has them": "text: news off\nexpect: {steps: [{action: unsubscribe, list: news}, {action: reply, segments: 1}]}",
    "a conversation": "messages: [News ON, News OFF]\nexpect: {rule: news-off, subscriptions: {news: unsubscribed, offers: none}}",
    "a conversation that expects on its way": "messages: [{text: News ON, expect: {subscriptions: [news]}}, STOP]\nexpect: {subscriptions: []}",
    "earlier messages": "given: {messages: [STOP]}\ntext: START\nexpect: {rule: 'reserved:start', steps: [opt_in, reply]}",
    "a subscription that is given": "given: {subscriptions: [news]}\ntext: STOP\nexpect: {subscriptions: {news: unsubscribed}}",
    "a subscription with its status": "given: {subscriptions: {news: unsubscribed}}\ntext: hello\nexpect: {subscriptions: {news: unsubscribed}}",
    "fields that are given": "given: {fields: {name: Anna}}\ntext: news on\nexpect: {replies: ['Welcome Anna. NEWS OFF to leave.']}",
    "fields that are set": "text: My name is Anna\nexpect: {fields: {name: Anna}, replies: []}",
    "a language that is remembered": "text: notizie sì\nexpect: {language: it, steps: [subscribe, reply]}",
    "a language step where it is asked for": "text: notizie sì\nexpect: {steps: [language: it, subscribe, reply]}",
    "the fallback": "text: hello\nexpect: {rule: fallback, steps: [hand_off: unrecognised]}",
    "a person has the conversation": "given: {paused_until: 2026-11-23T14:00}\nat: 2026-11-23T13:59\ntext: hello\nexpect: {rule: none, replies: []}",
    "the number that was texted": "to: +393331234333\ntext: hours\nexpect: {rule: shop}",
    "no reply goes to somebody who said STOP": "given: {opted_out: yes}\ntext: News ON\nexpect: {rule: news-on, replies: []}",
    "a word that came too late changes nothing": (
        "messages: [{text: News OFF, at: 2026-11-23T12:00}, {text: News ON, at: 2026-11-23T11:00}]\nexpect: {subscriptions: {news: unsubscribed}}"
    ),
}


@pytest.mark.parametrize("test", PASSING.values(), ids=PASSING.keys())
def test_a_test_passes(test: str) -> None:
    assert found(test) == []


FAILING = {
    "text: hello\nexpect: {rule: news-on}": [("rule", "news-on", "fallback")],
    "text: news on\nexpect: {replies: Welcome.}": [("replies", "Welcome.", "Welcome. NEWS OFF to leave.")],
    "text: hello\nexpect: {replies: Sorry.}": [("replies", "Sorry.", "none")],
    "text: news off\nexpect: {steps: [reply]}": [
        ("steps", "reply", "unsubscribe: list news\nreply: text Bye., segments 1")
    ],
    "text: news off\nexpect: {steps: [unsubscribe: news, reply: Ciao.]}": [
        ("steps", "unsubscribe: news\nreply: Ciao.", "unsubscribe: list news\nreply: text Bye., segments 1")
    ],
    "text: news on\nexpect: {subscriptions: {news: unsubscribed}}": [("list news", "unsubscribed", "subscribed")],
    "text: news on\nexpect: {subscriptions: [offers]}": [("subscriptions", "offers", "news")],
    f"{VISIT}text: no\nexpect: {{appointment: {{a1: cancelled, a2: confirmed}}}}": [
        ("appointment a1", "cancelled", "scheduled"),
        ("appointment a2", "confirmed", "none"),
    ],
    "text: my name is Ada\nexpect: {fields: {name: Anna, city: ''}}": [("field name", "Anna", "Ada")],
    "text: hello\nexpect: {language: it}": [("language", "it", "none")],
}


@pytest.mark.parametrize(
    ("test", "differences"), FAILING.items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_test_fails_with_what_was_expected_beside_what_came_out(
    test: str, differences: list[tuple[str, str, str]]
) -> None:
    assert found(test) == differences


def test_the_first_text_of_a_conversation_that_is_not_as_expected_is_told() -> None:
    (outcome,) = tried(
        "name: x\nmessages: [News ON, {text: News OFF, expect: {rule: news-on}}, hello]\nexpect: {rule: news-on}"
    )
    assert (outcome.text, outcome.plan and outcome.plan.rule) == ("News OFF", "news-off")


def test_each_test_begins_on_a_clean_state() -> None:
    first, second = (
        "name: one\ntext: News ON\nexpect: {subscriptions: [news]}",
        "name: two\ntext: hello\nexpect: {subscriptions: []}",
    )
    assert [outcome.passed for outcome in tried(first, second)] == [True, True]


REFUSED = {
    "name: x\ntext: hello\nexpect: {rule: news-onn}": "rules.yaml:18:20: test \"x\", expect: unknown rule 'news-onn', did you mean 'news-on'?",
    "name: x\nexpect: {rule: news-on}": "no text stands here, add one such as 'text: News ON', or several under 'messages'",
    "name: x\ntext: hello": "the test expects nothing, add for example 'expect: {rule: news-on}'",
    "text: hello\nexpect: {rule: fallback}": "'name' is missing, say what the test shows",
    "name: x\ntext: hello\nat: noon\nexpect: {rule: fallback}": "'noon' is no time, expected for example 2026-12-01T09:00",
    "name: x\ntext: hello\nexpect: {rules: fallback}": "unknown key 'rules', did you mean 'rule'?",
    "name: x\ntext: hello\nexpect: {steps: [repli]}": "unknown step 'repli', did you mean 'reply'?",
    "name: x\ntext: hello\nexpect: {steps: [{reply: a, webhook: b}]}": "expected one step with its setting",
    "name: x\ntext: hello\nexpect: {subscriptions: [new]}": "unknown list 'new', did you mean 'news'?",
    "name: x\ntext: hello\nexpect: {subscriptions: {news: on}}": "unknown status 'on'",
    "name: x\ntext: hello\nexpect: {appointment: confirmed}": "expected appointments with their statuses, such as '{a1: confirmed}'",
    "name: x\ntext: hello\nexpect: {appointment: {a1: confirm}}": "unknown status 'confirm', did you mean 'confirmed'?",
    "name: x\ntext: hello\nmessages: [a]\nexpect: {rule: fallback}": "a test has 'text' or 'messages', keep one of them",
    "name: x\nmessages: [{text: a, expect: {rule: fallback}}]\nexpect: {rule: fallback}": "the last text has an 'expect' of its own",
    "name: x\ngiven: {appointments: [{id: a1}]}\ntext: hello\nexpect: {rule: fallback}": "'starts_at' is missing",
    "name: x\ngiven: {fields: Anna}\ntext: hello\nexpect: {rule: fallback}": "expected names with values, such as '{name: Anna}'",
}


@pytest.mark.parametrize(
    ("test", "mistake"), REFUSED.items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_mistake_in_a_test_is_told_with_its_remedy(test: str, mistake: str) -> None:
    assert mistake in refused(test)


def test_tests_are_a_list() -> None:
    with pytest.raises(RulesError, match="expected a list of tests"):
        read_rules(f"{FILE}  one: {{text: x}}\n", "rules.yaml", {})


EXAMPLES = """version: 1
languages: [it]
rules:
  - {name: perche, when: {text: Perché no}, then: [{hand_off: seen}], examples: {match: [Perché no], no_match: [perche]}}
  - {name: parcel, when: {pattern: '^track [A-Z]+$'}, then: [{hand_off: seen}], examples: {match: [track abc]}}
  - {name: strict, when: {pattern: '(?-i:CODE) [0-9]'}, then: [{hand_off: seen}], examples: {match: [CODE 1]}}
  - {name: late, when: {text: late, to: [+393331234333], appointment: confirmed}, then: [{hand_off: seen}], examples: {match: [late]}}
"""


def of_examples(rule: str) -> list[Trial]:
    rules = read_rules(EXAMPLES, "rules.yaml", {})
    return [outcome for outcome in try_all(rules, NOON) if outcome.name.partition(",")[0] == rule]


def test_an_example_is_tried_in_all_the_ways_that_make_no_difference() -> None:
    texts = {outcome.text for outcome in of_examples("perche") if outcome.kind is Kind.VARIANT}
    assert texts == {
        *(
            "perché no",
            "PERCHÉ NO",
            "Perché\u00a0no",
            "Perché  no",
            "Ｐｅｒｃｈé ｎｏ",
            "P\u200berché n\u200bo",
            "“Perché no”",
        ),
        *("Perche no", "Perché no!", "Perché no.", "Perché no 🙂"),
    }
    assert all(outcome.passed for outcome in of_examples("perche"))


def test_the_variant_that_fails_is_named() -> None:
    assert [outcome.name for outcome in of_examples("strict") if not outcome.passed] == [
        "strict, small letters of 'CODE 1'"
    ]


def test_a_pattern_is_tried_with_what_it_cannot_see_alone() -> None:
    assert [outcome.text for outcome in of_examples("parcel")] == [
        "track abc",
        "TRACK ABC",
        "track\u00a0abc",
        "track  abc",
        "ｔｒａｃｋ ａｂｃ",
    ]


def test_an_example_is_tried_where_all_else_holds_that_its_rule_asks() -> None:
    assert all(outcome.passed for outcome in of_examples("late"))


def test_an_example_that_another_rule_takes_fails() -> None:
    text = EXAMPLES.replace("no_match: [perche]", "match: [Perché no]").replace(
        "match: [track abc]", "match: [perche no]"
    )
    failed = [
        outcome
        for outcome in try_all(read_rules(text.replace("match: [Perché no], match", "match"), "rules.yaml", {}), NOON)
        if not outcome.passed
    ]
    assert ("parcel", "perche") in [(outcome.name, outcome.differences[0].got) for outcome in failed]


def test_coverage_counts_the_rules_that_applied_somewhere() -> None:
    rules = read_rules(
        f"{FILE}  - {{name: one, messages: [News ON, hello], expect: {{rule: fallback}}}}\n", "rules.yaml", {}
    )
    covered = coverage(rules, try_all(rules, NOON))
    assert [rule.rule for rule in covered if rule.exercised] == ["news-on"]
    assert percent(covered) == 20


def test_a_thousand_tests_take_less_than_five_seconds() -> None:
    tests = "".join(
        f'  - {{name: t{number}, messages: [News ON, "Sì!", News OFF], expect: {{rule: news-off}}}}\n'
        for number in range(1000)
    )
    began_at = time.thread_time()
    rules = read_rules(FILE + tests, "rules.yaml", {})
    assert all(outcome.passed for outcome in try_all(rules, datetime.now(UTC)))
    assert time.thread_time() - began_at < 5
