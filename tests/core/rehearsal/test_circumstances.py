"""The circumstances that are imagined for a rule, in which all holds that it asks beside its text."""

from datetime import timedelta

import pytest

from responder.core.rehearsal.circumstances import circumstances_for
from responder.core.rehearsal.trials import try_all
from responder.rulefile import read_rules
from tests.conftest import NOON
from tests.planning import one_rule

TOGETHER = (
    "to: 48383, from: 330 1234567, list: {subscribed: news}, appointment: confirmed, language: it, since: 2026-12-01"
)


@pytest.mark.parametrize(
    "asked",
    [
        "hours: Mon 09:10-09:12",
        "hours: [Sat, Sun 23:58-00:01]",
        "since: 2030-01-01, hours: Tue 00:01-00:02",
        "until: 2020-01-01",
        TOGETHER,
    ],
)
def test_a_world_is_found_in_which_everything_holds(asked: str) -> None:
    rules = one_rule(f"{{text: hours, {asked}}}", head="languages: [en, it]\n")
    given = circumstances_for(rules.rules[0], rules, NOON)
    assert given
    assert given.plan("hours", rules).rule == "only"


@pytest.mark.parametrize(
    "asked",
    [
        "list: {subscribed: news, not_subscribed: news}",
        "since: 2026-12-05, until: 2026-12-06, hours: Mon-Fri",
        "since: 9999-12-31",
    ],
)
def test_no_world_is_found_where_nothing_can_hold(asked: str) -> None:
    rules = one_rule(f"{{text: hours, {asked}}}")
    assert circumstances_for(rules.rules[0], rules, NOON) is None


CAMPAIGN = """version: 1
rules:
  - name: summer
    when: {text: summer, until: 2027-08-31}
    then: [{reply: An ice cream!}]
    examples: {match: [summer]}
  - name: over
    when: {text: summer}
    then: [{reply: It is over.}]
    examples: {match: [summer]}
"""


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=900)])
def test_the_examples_of_a_rule_behind_a_campaign_pass_before_and_after_its_end(later: timedelta) -> None:
    rules = read_rules(CAMPAIGN, "rules.yaml", {})
    assert [trial.name for trial in try_all(rules, NOON + later) if not trial.passed] == []


def test_an_example_that_a_rule_above_answers_for_ever_fails() -> None:
    rules = read_rules(CAMPAIGN.replace(", until: 2027-08-31", ""), "rules.yaml", {})
    assert "over" in [trial.name for trial in try_all(rules, NOON) if not trial.passed]
