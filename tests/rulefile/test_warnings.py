"""Each warning about a rules file: ``warned/<mistake>.yaml`` and what is said, and its witness, which really goes where it says."""

from pathlib import Path

import pytest

from responder.core.sms.text import size
from responder.rulefile import Kept, read_rules
from responder.rulefile.reading.places import Sources, placed_sources, read_source
from responder.rulefile.warnings import Caution, Code, warnings_of
from tests.conftest import NOON
from tests.planning import replies

WARNED = sorted((Path(__file__).parent / "warned").glob("*.yaml"))
EXAMPLE = Path(__file__).parents[2] / "rules.yaml"
FINE = """version: 1
lists: {news: {title: News}}
rules:
  - {name: news-on, when: {text: News ON}, then: [{subscribe: news}, {reply: Welcome. NEWS OFF to leave.}], examples: {match: [news on]}}
  - {name: news-off, when: {text: News OFF}, then: [{unsubscribe: news}], examples: {match: [news off]}}
"""


def warned(text: str) -> tuple[Caution, ...]:
    """The warnings about a file."""
    return warnings_of(read_rules(text, "rules.yaml", {}), Sources(files=(read_source(text, "rules.yaml"),)), NOON)


def codes(*rules: str) -> list[Code]:
    """The kinds of warnings about a file with these rules, but that no example exercises them."""
    listed = "".join(f"  - {rule}\n" for rule in rules)
    return [caution.code for caution in warned(f"{FINE}{listed}") if caution.code is not Code.NOT_EXERCISED]


def rule(name: str, when: str, then: str = "hand_off: seen") -> str:
    return f"{{name: {name}, when: {when}, then: [{{{then}}}]}}"


@pytest.mark.parametrize("path", WARNED, ids=lambda path: path.stem)
def test_a_warning_is_told_with_its_place_its_witness_and_its_remedy(path: Path) -> None:
    told = [f"{caution.mistake} [{caution.code}]" for caution in warned(path.read_text("utf-8"))]
    assert told == path.with_suffix(".txt").read_text("utf-8").splitlines()


def test_every_kind_of_warning_is_among_these_files() -> None:
    told = "".join(path.with_suffix(".txt").read_text("utf-8") for path in WARNED)
    assert [code for code in Code if f"[{code}]" not in told] == []


@pytest.mark.parametrize("path", WARNED, ids=lambda path: path.stem)
def test_the_witness_of_a_warning_goes_where_the_warning_says(path: Path) -> None:
    rules = read_rules(path.read_text("utf-8"), "rules.yaml", {})
    for caution in warned(path.read_text("utf-8")):
        if caution.witness is not None:
            assert caution.given is not None
            assert caution.given.plan(caution.witness, rules).rule == caution.rule
            assert caution.witness in caution.mistake.text


def test_a_file_with_nothing_to_say_about_has_no_warnings() -> None:
    assert warned(FINE) == ()


def test_the_example_that_everybody_starts_from_has_no_warnings() -> None:
    assert [str(caution.mistake) for caution in warned(EXAMPLE.read_text("utf-8"))] == []


def test_the_witness_of_a_long_reply_is_answered_with_more_than_one_segment() -> None:
    text = (Path(__file__).parent / "warned" / "segments.yaml").read_text("utf-8")
    (caution,) = warned(text)
    assert caution.witness
    assert caution.given
    (reply,) = replies(caution.given.plan(caution.witness, read_rules(text, "rules.yaml", {})))
    assert size(reply).segments == 2


def test_a_rule_in_the_way_that_stands_in_another_file_is_told_with_its_file() -> None:
    told = "rules: [{name: part, when: {text: hours}, then: [hand_off: seen], examples: {match: [hours]}}]\n"
    parts = Kept({"part.yaml": told, "other.yaml": told.replace("part", "other")})
    rules = read_rules("version: 1\ninclude: [part.yaml, other.yaml]\n", "rules.yaml", {}, parts)
    (caution,) = [
        caution for caution in warnings_of(rules, placed_sources(rules), NOON) if caution.code is Code.SAME_TEXT
    ]
    assert str(caution.mistake).startswith(
        'other.yaml:1:36: rule "other": "hours" reaches part (part.yaml, line 1) before other (line 1);'
    )


def test_a_question_that_is_never_asked_is_not_counted() -> None:
    which = f"{FINE}appointments: {{unclear: We will read it., which: '{{{{ choices }}}} {'x' * 160}'}}\n"
    assert warned(which) == ()
    assert Code.SEGMENTS in [
        caution.code
        for caution in warned(
            which.replace(
                "rules:\n", "rules:\n  - {name: 'yes', when: {answer: confirm}, then: [appointment: confirm]}\n"
            )
        )
    ]


def test_a_special_text_before_a_general_one_is_no_fault() -> None:
    assert codes(rule("exact", "{text: hours}"), rule("any", "{contains: hours}")) == []


def test_a_rule_that_goes_on_is_in_nobody_s_way() -> None:
    goes_on = rule("first", "{text: hours}").replace("name: first", "name: first, continue: true")
    assert codes(goes_on, rule("second", "{text: hours}")) == []


@pytest.mark.parametrize(
    "asked", ["list: {not_subscribed: news}", "to: +393331234333", "from: +393331234333", "appointment: open"]
)
def test_an_earlier_rule_that_asks_more_is_in_nobody_s_way(asked: str) -> None:
    assert codes(rule("special", f"{{text: hours, {asked}}}"), rule("general", "{text: hours}")) == []


@pytest.mark.parametrize(
    "asked", ["list: {not_subscribed: news}", "to: +393331234333", "from: +393331234333", "appointment: open"]
)
def test_an_earlier_rule_that_asks_the_same_is_in_the_way(asked: str) -> None:
    assert codes(rule("first", f"{{text: hours, {asked}}}"), rule("second", f"{{text: hours, {asked}}}")) == [
        Code.SAME_TEXT
    ]


def test_an_earlier_rule_for_more_numbers_is_in_the_way() -> None:
    wide, narrow = "{text: hours, to: [+393331234333, +393331234334]}", "{text: hours, to: +393331234334}"
    assert codes(rule("wide", wide), rule("narrow", narrow)) == [Code.SAME_TEXT]
    assert codes(rule("narrow", narrow), rule("wide", wide)) == []


def test_an_answer_is_in_nobody_s_way_where_no_appointment_is_open() -> None:
    assert Code.SAME_TEXT not in codes(rule("answer", "{answer: confirm}"), rule("sure", "{text: see you then}"))


def test_a_rule_that_is_asleep_is_not_warned_of() -> None:
    assert codes(rule("asleep", "{text: info}").replace("name: asleep", "name: asleep, enabled: false")) == []
