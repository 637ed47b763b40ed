"""A reply made of what a webhook answers: which answers fill it, and what goes out where none does."""

import json
from typing import Any

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Awaited, Mute, Purpose, Reply
from responder.core.contact.known import Known
from responder.core.deciding.plan import Plan
from responder.core.outbound.webhook_replies import LONGEST_JSON, from_json, read_response, settled, text_of, to_json
from responder.core.rules.limits import Limits
from tests.builders import ANNA, minutes
from tests.conftest import NOON
from tests.planning import appointment, known, one_rule, plan

HEAD = 'webhooks: {crm: {url: "https://crm.example.com/in"}}\ntimezone: Europe/Rome\n'
OTHERWISE = "We will call you."
CALL = 'webhook: {to: crm, reply: "{{ response.text }}", otherwise: We will call you.}'


def waits(
    action: str = CALL, text: str = "track 7", about: Known | None = None, when: str = "{starts_with: track}"
) -> Awaited:
    """The reply that waits because of a text."""
    [step] = decided(action, text, about, when).steps
    assert step.awaited is not None
    return step.awaited


def decided(
    action: str = CALL, text: str = "track 7", about: Known | None = None, when: str = "{starts_with: track}"
) -> Plan:
    return plan(text, one_rule(when, action, head=HEAD), about)


def said(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_the_answer_fills_the_reply() -> None:
    assert text_of(waits(), said(text="On its way.")) == "On its way."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="no answer in time"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>text</html>", id="no JSON"),
        pytest.param(b'{"text": "On its', id="half of it"),
        pytest.param(b'["On its way."]', id="no object"),
        pytest.param(b'"On its way."', id="a text"),
        pytest.param(said(words="On its way."), id="another field"),
        pytest.param(said(text=None), id="null"),
        pytest.param(said(text="  \n "), id="blank"),
        pytest.param(said(text="\u0007\u202e"), id="nothing but controls"),
        pytest.param(said(text=["a"]), id="a list"),
        pytest.param(said(text={"a": "b"}), id="an object"),
        pytest.param(b'{"text": NaN}', id="no number"),
        pytest.param(b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", id="too deep"),
        pytest.param(b'{"text": "' + b"x" * LONGEST_JSON + b'"}', id="too long"),
        pytest.param(b'{"text": ' + b"9" * 20_000 + b"}", id="a number of thousands of digits"),
        pytest.param('{"text": "On its way."}'.encode("utf-16"), id="not UTF-8"),
        pytest.param(b'{"text": "\xff"}', id="broken UTF-8"),
    ],
)
def test_the_other_text_goes_out_where_the_answer_cannot_be_used(body: bytes | None) -> None:
    assert text_of(waits(), body) == OTHERWISE


def test_without_another_text_nothing_goes_out() -> None:
    assert text_of(waits('webhook: {to: crm, reply: "{{ response.text }}"}'), b"") is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("On\u0000 its\u0007 way", "On its way", id="controls"),
        pytest.param("two\r\nlines", "two\nlines", id="lines"),
        pytest.param("\u202eevil", "evil", id="order turned around"),
        pytest.param("half \ud83d", "half", id="half a character"),
        pytest.param("{{ contact.number }}{% for x in y %}", "{{ contact.number }}{% for x in y %}", id="template"),
        pytest.param("👩\u200d💻", "👩\u200d💻", id="joined"),
    ],
)
def test_the_text_of_an_answer_is_cleaned_and_is_no_template(typed: str, shown: str) -> None:
    assert text_of(waits(), said(text=typed)) == shown


def test_numbers_are_shown_as_they_were_written() -> None:
    awaited = waits('webhook: {to: crm, reply: "{{ response.days }} days, EUR {{ response.price }}"}')
    assert text_of(awaited, b'{"days": 3, "price": 12.50}') == "3 days, EUR 12.50"


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"found": True}, "Found."), ({"found": False}, "Sorry."), ({}, "Sorry."), ({"found": 0}, "Sorry.")],
)
def test_a_reply_can_ask_for_a_field_that_may_be_missing(fields: dict[str, Any], text: str) -> None:
    assert (
        text_of(
            waits('webhook: {to: crm, reply: "{% if response.found %}Found.{% else %}Sorry.{% endif %}"}'),
            said(**fields),
        )
        == text
    )


def test_a_reply_has_the_values_of_the_message_as_they_were() -> None:
    source = "{{ rest }} for {{ contact.name }}{{ contact.nick }} at {{ now | time }}: {{ response.text }}"
    rule = f'webhook: {{to: crm, reply: "{source}"}}'
    by = one_rule("{starts_with: track}", 'set: {nick: "{{ rest }}"}', rule, head=HEAD)
    [step] = plan("track 7", by, known(fields={"name": "Anna"})).steps
    assert step.awaited is not None
    assert text_of(from_json(to_json(step.awaited)), said(text="here")) == "7 for Anna7 at 13:00: here"


def test_what_is_kept_holds_no_value_that_the_text_does_not_use() -> None:
    assert "secret" not in to_json(waits(text="track my secret"))


def test_an_appointment_has_its_time_in_the_zone_of_the_file() -> None:
    action = 'webhook: {to: crm, reply: "{{ appointment.starts_at | time }} {{ response.text }}"}'
    awaited = waits(action, "yes", known(appointments=(appointment(),)), "{answer: confirm}")
    assert text_of(from_json(to_json(awaited)), said(text="ok")) == "10:00 ok"


def test_a_reply_is_in_the_language_of_the_number() -> None:
    action = 'webhook: {to: crm, reply: {it: "Ecco: {{ response.text }}", en: "Here: {{ response.text }}"}, otherwise: {it: Mah., en: Well.}}'
    by = one_rule("{starts_with: track}", action, head=HEAD + "languages: [en, it]\n")
    [step] = plan("track 7", by, known(language="it")).steps
    assert step.awaited is not None
    assert (text_of(step.awaited, said(text="qui")), text_of(step.awaited, None)) == ("Ecco: qui", "Mah.")


def test_a_long_answer_is_cut_to_its_segments() -> None:
    awaited = waits('webhook: {to: crm, reply: "{{ response.text }}", max_segments: 1}')
    assert len(text_of(awaited, said(text="word " * 200)) or "") <= 160


def test_what_waits_comes_back_as_it_was_kept() -> None:
    awaited = waits()
    assert from_json(to_json(awaited)) == awaited


def test_it_is_of_use_for_six_hours_from_the_message_on() -> None:
    assert waits().expires_at == NOON + minutes(6 * 60)


@pytest.mark.parametrize("text", ["AcmeBank", "48383"])
def test_nobody_waits_for_an_answer_that_could_not_be_sent(text: str) -> None:
    [step] = decided(about=known(text)).steps
    assert step.awaited is None


def test_an_explanation_tells_both_texts() -> None:
    [told] = decided().explained
    assert told == {
        "action": "webhook",
        "to": "crm",
        "data": {},
        "reply": "{{ response.text }}",
        "otherwise": OTHERWISE,
    }


def test_a_limit_holds_the_reply_back_and_tells_so_once() -> None:
    five = tuple(Sent(at=NOON, text=str(n), purpose=Purpose.ANSWER) for n in range(5))
    held, mute, notice = settled(waits(), said(text="On its way."), known(sent=five), Limits(), NOON)
    assert isinstance(held, Reply)
    assert (held.held_back, mute) == ("not sent: limits.replies allows 5 in 10 minutes", Mute(until=NOON + minutes(60)))
    assert isinstance(notice, Reply)
    assert notice.expires_at is not None
    assert settled(waits(), None, known(sent=five, muted_until=NOON + minutes(1)), Limits(), NOON)[1:] == ()


def test_an_answer_about_an_appointment_is_spared_by_the_limits_as_any_other() -> None:
    awaited = waits(CALL, "yes", known(appointments=(appointment(),)), "{answer: confirm}")
    assert awaited.purpose is Purpose.DIALOGUE


def test_a_number_that_is_on_the_list_already_gets_that_text_alone() -> None:
    by = one_rule("{text: join}", "subscribe: {list: news, already: You get it.}", CALL, head=HEAD)
    first = plan("join", by)
    assert [bool(step.awaited) for step in first.steps] == [True]
    again = plan("join", by, known_after(known(), first.effects, first.message))
    assert [(step.content, step.awaited) for step in again.steps if step.to == ANNA] == [("You get it.", None)]
    assert [step.awaited for step in again.steps] == [None, None]


def test_the_fields_of_an_answer_have_any_names() -> None:
    assert read_response(said(items="a", keys="b", text="c")) == {"items": "a", "keys": "b", "text": "c"}
    assert text_of(waits('webhook: {to: crm, reply: "{{ response.items }}"}'), said(items="3 parcels")) == "3 parcels"
