"""Texts with values: what they may use is settled when the file is read, and what they give is never too long."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from responder.core.rules.template import LONGEST_RENDERED, BadTemplate, Names, Templates, Texts, did_you_mean

NAMES: Names = {
    "message": frozenset({"text", "received_at"}),
    "contact": frozenset({"name", "number"}),
    "rest": frozenset(),
    "now": frozenset(),
}
VALUES = {
    "message": {"text": "hello", "received_at": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)},
    "contact": {"name": "anna rossi", "number": "+393301234567"},
    "rest": "a & <b>",
    "now": datetime(2026, 1, 1, 23, 30, tzinfo=UTC),
}
TEMPLATES = Templates(ZoneInfo("Europe/Rome"))


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("no values", "no values"),
        ("{ a brace }", "{ a brace }"),
        ("{{ rest }}", "a & <b>"),
        ("{{ contact.name | title }}", "Anna Rossi"),
        ("{{ contact.number | number }}", "+39 330 123 4567"),
        ("{{ now | date }} {{ now | time }}", "02/01/2026 00:30"),
        ("{{ message.received_at | date }} {{ message.received_at | time }}", "02/07/2026 00:30"),
        ("{% if message.text == 'hello' %}hi{% else %}?{% endif %}", "hi"),
        ("{% if message.text != 'hello' %}hi{% elif not rest %}?{% else %}!{% endif %}", "!"),
        ("{{ 'yes' if rest and contact.name else 'no' }}", "yes"),
        ("a{# a remark #}b", "ab"),
        ("two\nlines\n", "two\nlines\n"),
    ],
)
def test_a_text_is_rendered_with_its_values(source: str, rendered: str) -> None:
    assert TEMPLATES.parse(source, NAMES).render(VALUES) == rendered


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ rset }}", "unknown value 'rset', did you mean 'rest'?"),
        ("{{ contact.nam }}", "unknown value 'contact.nam', did you mean 'contact.name'?"),
        ("{{ now.year }}", "unknown value 'now.year'"),
        ("{{ contact }}", "'contact' is several values, expected one of contact.name, contact.number"),
        ("{{ contact['name'] }}", "a value has one name after its dot, such as {{ contact.name }}"),
        ("{{ message.text.upper }}", "a value has one name after its dot, such as {{ contact.name }}"),
        (
            "{{ message.__class__ }}",
            "unknown value 'message.__class__', expected one of message.received_at, message.text",
        ),
        ("{{ now | dat }}", "unknown filter 'dat', did you mean 'date'?"),
        ("{{ rest | upper }}", "unknown filter 'upper', expected one of date, number, time, title"),
        (
            "{{ rest | date }}",
            "the filter 'date' goes with a time: appointment.starts_at, message.sent_at, message.received_at, now",
        ),
        (
            "{{ (now if rest else rest) | date }}",
            "the filter 'date' goes with a time: appointment.starts_at, message.sent_at, message.received_at, now",
        ),
        ("{{ now | date('x') }}", "the filter 'date' takes nothing in brackets"),
        ("{{ rest > 3 }}", "values are compared with == or != only"),
        ("{{ 3 in rest }}", "values are compared with == or != only"),
        ("{{ 'a' * 9 }}", "mul is more than a text needs: use {{ value }}, filters and {% if %} only"),
        ("{% set x = 1 %}", "assign is more than a text needs: use {{ value }}, filters and {% if %} only"),
        ("{{ '\\x00' }}", "'\\x00' holds a character that no message can hold, remove it"),
        ("{{ '\\ud83d' }}", "'\\ud83d' holds a character that no message can hold, remove it"),
        (
            "{{ rest",
            "cannot be read as a text with {{ values }}: unexpected end of template, expected 'end of print statement'.",
        ),
        (f"{{{{ {'9' * 4500} }}}}", "cannot be read as a text with {{ values }}, make it simpler"),
        (f"{{{{ {'(' * 4000} }}}}", "cannot be read as a text with {{ values }}, make it simpler"),
        (f"{{{{ {'not ' * 200} rest }}}}", "cannot be read as a text with {{ values }}, make it simpler"),
        ("x" * 5001, "a text has at most 5000 characters, shorten it"),
    ],
)
def test_a_text_that_cannot_be_used_says_why(source: str, problem: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        TEMPLATES.parse(source, NAMES)
    assert str(refused.value) == problem


def test_a_value_that_is_known_elsewhere_says_where() -> None:
    with pytest.raises(BadTemplate, match="unknown value 'list', it is known only in rules with a list"):
        TEMPLATES.parse("{{ list.title }}", NAMES, {"list": "in rules with a list"})


def test_what_a_phone_texted_is_a_value_and_no_template() -> None:
    assert TEMPLATES.parse("{{ rest }}", NAMES).render({"rest": "{{ now }}"}) == "{{ now }}"


def test_a_rendered_text_ends_at_ten_segments() -> None:
    assert len(TEMPLATES.parse("{{ rest }}!", NAMES).render({"rest": "x" * 5000})) == LONGEST_RENDERED


def test_a_text_is_picked_in_the_first_language_that_there_is() -> None:
    hi, ciao = TEMPLATES.parse("Hi", {}), TEMPLATES.parse("Ciao", {})
    texts = Texts({"en": hi, "it": ciao})
    assert [texts.pick(*languages) for languages in (("it", "en"), (None, "fr", "en"), ("fr",))] == [ciao, hi, hi]


def test_without_a_likely_word_all_words_are_told() -> None:
    assert did_you_mean("xyz", ["open", "none"]) == ", expected one of none, open"
