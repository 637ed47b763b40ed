"""What a rule and a reply may ask for beside their conditions: a cooldown, a rest between replies, a shadow, a length, a language, a prefix."""

from datetime import timedelta

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import RecordUse, SetLanguage, Subscribe
from responder.core.contact.known import Known
from responder.core.rules.rules import Rules
from responder.core.sms.text import size
from tests.builders import BRUNO, SHOP
from tests.conftest import NOON
from tests.planning import known, one_rule, plan, replies, rules

HOUR = timedelta(hours=1)
COOLING = rules(
    "rules: [{name: hours, when: {text: hours}, cooldown: 24h, then: [reply: Nine to six.]}]\nfallback: {then: [reply: Sorry?]}"
)
RARELY = rules(
    "fallback: {then: [reply: {text: Sorry?, once_per: 24h}, reply: {text: Call us., once_per: 1h}, hand_off: unrecognised]}"
)


def after(text: str, by: Rules, about: Known | None = None) -> Known:
    """What is known once a text was handled at noon."""
    decided = plan(text, by, about)
    return known_after(about or known(), decided.effects, decided.message)


def test_a_rule_in_cooldown_leaves_the_text_to_the_rules_after_it() -> None:
    again = plan("hours", COOLING, after("hours", COOLING), at=NOON + 3 * HOUR)
    assert again.rule == "fallback"
    assert again.near_misses[0].why == "in cooldown: 24h, 21h of it left"


def test_a_cooldown_ends() -> None:
    assert plan("hours", COOLING, after("hours", COOLING), at=NOON + 24 * HOUR).rule == "hours"


def test_a_message_that_is_handled_after_a_newer_one_is_in_cooldown_as_well() -> None:
    assert (
        plan("hours", COOLING, after("hours", COOLING), at=NOON - HOUR).near_misses[0].why
        == "in cooldown: 24h, 25h of it left"
    )


def test_a_late_message_never_shortens_a_cooldown() -> None:
    late = plan("hours", COOLING, at=NOON - 5 * HOUR)
    assert known_after(after("hours", COOLING), late.effects, late.message).uses == {"hours": NOON}


def test_a_cooldown_is_of_one_number_and_one_rule() -> None:
    assert plan("hours", COOLING, known(BRUNO)).rule == "hours"
    two = rules(
        "rules: [{name: a, when: {text: a}, cooldown: 1h, then: [reply: A.]}, {name: b, when: {text: b}, cooldown: 1h, then: [reply: B.]}]"
    )
    assert plan("b", two, after("a", two)).rule == "b"


def test_a_refused_rule_begins_no_cooldown() -> None:
    assert after("hello", COOLING).uses == {}


def test_a_cooldown_is_no_step_of_an_explanation() -> None:
    assert [step["action"] for step in plan("hours", COOLING).explained] == ["reply"]


@pytest.mark.parametrize(("cooldown", "name"), [("none", "hours"), ("30m", "hours"), ("2h", None)])
def test_a_rule_has_its_own_cooldown_or_that_of_the_file(cooldown: str, name: str | None) -> None:
    of_file = rules(
        f"rules: [{{name: hours, when: {{text: hours}}, cooldown: {cooldown}, then: [reply: Nine.]}}]",
        "defaults: {cooldown: 7d}\n",
    )
    assert plan("hours", of_file, after("hours", of_file), at=NOON + HOUR).rule == name


def test_the_cooldown_of_the_file_holds_for_every_rule_but_those_by_which_people_leave() -> None:
    of_file = rules(
        "rules: [{name: on, when: {text: news on}, then: [subscribe: news]}, {name: 'off', when: {text: news off}, then: [unsubscribe: news]}]",
        "defaults: {cooldown: 7d}\n",
    )
    assert plan("news on", of_file, after("news on", of_file)).rule is None
    assert plan("news off", of_file, after("news off", of_file)).rule == "off"


def test_a_reply_goes_out_once_in_a_period_and_the_rest_happens_all_the_same() -> None:
    again = plan("?!x", RARELY, after("?!x", RARELY), at=NOON + 2 * HOUR)
    assert replies(again) == ["Call us."]
    assert [step["action"] for step in again.explained] == ["hand_off", "reply", "reply"]
    assert again.explained[1]["note"] == "not sent: once per 24h, 22h of it left"
    assert [step.key[-2:] for step in again.steps] == ["-2"]


def test_a_reply_that_was_held_back_does_not_begin_its_period_anew() -> None:
    again = plan("?!x", RARELY, after("?!x", RARELY), at=NOON + 2 * HOUR)
    assert [effect.of for effect in again.effects if isinstance(effect, RecordUse)] == ["fallback:2"]


def test_a_superseded_message_begins_no_period() -> None:
    of_file = one_rule("{text: news on}", "subscribe: news", "reply: {text: Hi., once_per: 1d}")
    newer = after("news on", of_file)
    late = plan("news on", of_file, known(subscriptions=newer.subscriptions), at=NOON - HOUR)
    assert late.is_superseded
    assert late.effects == ()


SHADOW = rules("""
    languages: [en, it]
    rules:
      - name: trial
        when: {starts_with: {it: news}}
        shadow: true
        cooldown: 1h
        then: [{subscribe: offers}, {set: {name: Anna}}, {reply: "Hi {{ contact.name }}."}, {hand_off: seen}]
      - {name: news-on, when: {text: news on}, then: [subscribe: news, reply: Welcome.]}
""")


def test_a_rule_in_shadow_changes_and_sends_nothing() -> None:
    decided = plan("news please", SHADOW)
    assert (decided.rule, decided.effects, decided.steps) == (None, (), ())


def test_a_rule_in_shadow_leaves_the_text_to_the_rules_after_it() -> None:
    decided = plan("news on", SHADOW)
    assert decided.rule == "news-on"
    assert decided.effects == (Subscribe(list="news"),)
    assert replies(decided) == ["Welcome."]


def test_what_a_rule_in_shadow_would_do_is_recorded() -> None:
    decided = plan("news please", SHADOW)
    assert decided.near_misses[0].why == "it applies, and does nothing while it is in shadow"
    assert [step["action"] for step in decided.explained] == ["language", "subscribe", "set", "hand_off", "reply"]
    assert decided.explained[-1]["text"] == "Hi Anna."
    assert {step["note"] for step in decided.explained} == {"not done: the rule 'trial' is in shadow"}


LONG = "reply: {text: '{{ message.text }}', max_segments: %s}"


@pytest.mark.parametrize("segments", [1, 2, 10])
def test_a_text_that_is_too_long_with_its_values_is_cut_to_its_segments_and_says_so(segments: int) -> None:
    decided = plan("word " * 400, one_rule("{contains: word}", LONG % segments))
    assert replies(decided)[0].endswith("word...")
    assert size(replies(decided)[0]).segments == segments
    assert decided.explained[0]["note"] == f"cut to max_segments: {segments}"


def test_a_reply_has_three_segments_unless_it_is_said_otherwise() -> None:
    decided = plan("word " * 200, one_rule("{contains: word}", "reply: '{{ message.text }}'"))
    assert size(replies(decided)[0]).segments == 3


def test_the_file_may_say_how_long_replies_are() -> None:
    decided = plan(
        "word " * 200, one_rule("{contains: word}", "reply: '{{ message.text }}'", head="defaults: {max_segments: 1}\n")
    )
    assert size(replies(decided)[0]).segments == 1


def test_a_text_that_fits_is_not_touched() -> None:
    decided = plan("word " * 30, one_rule("{contains: word}", LONG % 1))
    assert replies(decided) == ["word " * 30]
    assert "note" not in decided.explained[0]


def test_an_emoji_is_never_cut_in_two() -> None:
    (text,) = replies(plan("a" + "👍" * 90, one_rule("{pattern: a}", LONG % 2)))
    assert text == "a" + "👍" * 65 + "..."


LANGUAGES = rules(
    "languages: [it, en]\nrules: [{name: only, when: {text: news, language: en}, then: [hand_off: seen]}]"
)


def test_a_rule_may_be_for_those_who_use_a_language() -> None:
    assert plan("news", LANGUAGES, known(language="en")).rule == "only"
    assert plan("news", LANGUAGES).near_misses[0].why == "the language of the originator is 'it', the rule is for en"


def test_the_language_of_a_pattern_is_remembered() -> None:
    of_file = one_rule(
        "{pattern: {it: 'pacco (?P<code>[0-9]+)', en: ['parcel (?P<code>[0-9]+)', 'track']}}",
        "hand_off: seen",
        head="languages: [en, it]\n",
    )
    assert SetLanguage(language="it", implied=True) in plan("il pacco 12", of_file).effects
    assert SetLanguage(language="en", implied=True) in plan("track it", of_file, known(language="it")).effects


PREFIX = rules(
    "rules: [{name: news-on, when: {text: news on}, then: [subscribe: news]}, {name: info, when: {starts_with: about}, then: [reply: '{{ rest }}']}]",
    f"numbers: {{{SHOP}: {{prefix: A1B2}}, '48383': }}\n",
)


@pytest.mark.parametrize("text", ["A1B2 News ON", "a1b2: news on!", "  “A1B2” - news on", "news on", "A1B2\nNEWS ON"])
def test_the_prefix_of_a_shared_number_does_not_count(text: str) -> None:
    assert plan(text, PREFIX).rule == "news-on"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("A1B2 STOP", "reserved:stop"), ("A1B2", None), ("A1B2news on", None), ("A1B2 A1B2 news on", None)],
)
def test_a_prefix_is_taken_off_once_and_before_reserved_words(text: str, rule: str | None) -> None:
    assert plan(text, PREFIX).rule == rule


def test_what_follows_is_what_stood_after_the_prefix_and_the_text_is_kept_as_it_came() -> None:
    decided = plan("A1B2 About: Us!", PREFIX)
    assert replies(decided) == ["Us"]
    assert decided.message.text == "A1B2 About: Us!"
    assert decided.folded == "about us"


def test_another_number_has_no_prefix() -> None:
    assert plan("A1B2 News ON", PREFIX, destination="48383").rule is None
