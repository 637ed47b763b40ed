"""What webhooks answer in the tests of a rules file, and how that is told where it is wrong."""

import pytest

from responder.core.rehearsal.trials import try_case
from responder.errors import RulesError
from responder.rulefile import read_rules
from tests.conftest import NOON

FILE = """version: 1
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - name: track
    when: {starts_with: track}
    then: [{webhook: {to: crm, reply: "{{ rest }}: {{ response.text }}", otherwise: We will call you.}}]
tests:
  - {name: only, text: track 7, TEST}
"""
OTHERWISE = "expect: {replies: We will call you.}"


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("given: {responses: {crm: {text: here, days: 2}}}, expect: {replies: '7: here'}", id="an answer"),
        pytest.param(OTHERWISE, id="none in time"),
        pytest.param(f"given: {{responses: {{crm: {{words: here}}}}}}, {OTHERWISE}", id="another field"),
        pytest.param("expect: {steps: [webhook: {otherwise: We will call you.}]}", id="as a step"),
        pytest.param(
            "given: {opted_out: yes, responses: {crm: {text: here}}}, expect: {replies: []}", id="after a stop"
        ),
    ],
)
def test_a_test_may_say_what_a_webhook_answers(test: str) -> None:
    rules = read_rules(FILE.replace("TEST", test), "rules.yaml", {})
    assert [try_case(case, rules, NOON).differences for case in rules.tests] == [()]


@pytest.mark.parametrize(
    ("responses", "mistake"),
    [
        ("here", "expected webhooks with the fields of their answers, such as '{crm: {text: On its way.}}'"),
        ("{crn: {text: here}}", "unknown webhook 'crn', expected one of crm"),
        ("{crm: here}", "expected names with values"),
    ],
)
def test_a_mistake_in_an_answer_is_told(responses: str, mistake: str) -> None:
    with pytest.raises(RulesError) as refused:
        read_rules(FILE.replace("TEST", f"given: {{responses: {responses}}}, {OTHERWISE}"), "rules.yaml", {})
    assert mistake in str(refused.value)
