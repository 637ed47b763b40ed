"""What a rules file without mistakes becomes."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pytest

from responder.actions.reply import ReplyAction
from responder.core.contact.known import Known
from responder.core.recognition.packs import Answer
from responder.core.rules.actions import ACTIONS, Action, ListOrAll, action
from responder.core.rules.conditions import FromOneOf, HasAppointment, OnList
from responder.core.rules.matching import Alias, Answers, How, Pattern, Words
from responder.core.rules.rules import Webhook
from responder.errors import RulesError
from responder.rulefile import load_rules, read_rules
from tests.planning import appointment, known, message, one_rule, plan, replies, rules

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def test_the_smallest_file_has_rome_italy_and_english() -> None:
    read = read_rules("version: 1", "rules.yaml", {})
    assert (read.zone.key, read.country, read.languages, read.rules, read.fallback) == (
        "Europe/Rome",
        "IT",
        ("en",),
        (),
        (),
    )


def test_a_list_without_title_is_called_by_its_name() -> None:
    assert {name: entry.title for name, entry in rules().lists.items()} == {"news": "Weekly news", "offers": "offers"}


def test_the_secret_of_a_webhook_comes_from_the_environment() -> None:
    read = rules("webhooks: {crm: {url: 'https://crm.example.com/in', secret: '${CRM}'}}", environment={"CRM": SECRET})
    assert read.webhooks == {"crm": Webhook(name="crm", url="https://crm.example.com/in", secrets=(SECRET,))}


def test_a_webhook_without_a_secret_is_unsigned() -> None:
    assert rules("webhooks: {crm: {url: 'http://crm.local:8080/in'}}").webhooks["crm"].secrets == ()


def test_neither_url_nor_secret_of_a_webhook_shows_in_its_representation() -> None:
    read = rules(
        "webhooks: {crm: {url: 'https://crm.example.com/token', secret: '${CRM}'}}", environment={"CRM": SECRET}
    )
    assert repr(read.webhooks["crm"]) == "Webhook(name='crm')"


@pytest.mark.parametrize("how", list(How))
def test_words_are_a_value_a_list_or_either_for_each_language(how: How) -> None:
    head = "languages: [it, en]\n"
    one = one_rule(f"{{{how}: Hi there!}}", head=head).rules[0].text
    many = one_rule(f"{{{how}: [Hi, Ciao]}}", head=head).rules[0].text
    by_language = one_rule(f"{{{how}: {{it: [Ciao, Salve], en: Hi}}}}", head=head).rules[0].text
    assert one == Words(how=how, aliases=(Alias(folded="hi there"),))
    assert many == Words(how=how, aliases=(Alias(folded="hi"), Alias(folded="ciao")))
    spoken = (
        Alias(folded="ciao", language="it"),
        Alias(folded="salve", language="it"),
        Alias(folded="hi", language="en"),
    )
    assert by_language == Words(how=how, aliases=spoken)


def test_an_emoji_with_a_meaning_is_a_word() -> None:
    assert plan("👍", one_rule("{text: 👍}")).rule == "only"


def test_a_pattern_tells_its_groups() -> None:
    condition = one_rule("{pattern: ['track (?P<code>[0-9]+)', '(?P<word>where)']}").rules[0].text
    assert condition == Pattern(
        sources=("track (?P<code>[0-9]+)", "(?P<word>where)"), groups=frozenset({"code", "word"})
    )


def test_a_group_of_another_pattern_is_empty() -> None:
    read = one_rule(
        "{pattern: ['track (?P<code>[0-9]+)', '(?P<word>where)']}", "reply: '{{ match.word }}/{{ match.code }}'"
    )
    assert replies(plan("Where?", read)) == ["Where/"]


def test_other_conditions_stand_beside_the_text() -> None:
    read = one_rule(
        "{answer: cancel, from: 330 1234567, list: {subscribed: news, not_subscribed: offers}, appointment: confirmed}"
    ).rules[0]
    assert read.text == Answers(answers=frozenset({Answer.CANCEL}))
    assert read.conditions == (
        FromOneOf(numbers=frozenset({"+393301234567"})),
        OnList(list="news", subscribed=True),
        OnList(list="offers", subscribed=False),
        HasAppointment(state="confirmed"),
    )


def test_a_number_without_plus_is_of_the_country_of_the_file() -> None:
    read = one_rule("{from: 07700 900001}", head="country: GB\n").rules[0]
    assert read.conditions == (FromOneOf(numbers=frozenset({"+447700900001"})),)


@pytest.mark.parametrize(
    ("typed", "meant"), [("true", True), ("Yes", True), ("on", True), ("false", False), ("NO", False), ("off", False)]
)
def test_a_flag_is_any_usual_word_for_yes_and_no(typed: str, meant: bool) -> None:
    read = rules(
        f"rules:\n  - {{name: a, continue: {typed}, enabled: {typed}, when: {{text: x}}, then: [hand_off: seen]}}"
    ).rules[0]
    assert (read.goes_on, read.enabled) == (meant, meant)


def test_a_rule_knows_its_line_and_its_examples() -> None:
    text = "version: 1\nrules:\n\n  - name: a\n    when: {text: x}\n    then: [{hand_off: seen}]\n    examples: {match: [x, ' X! '], no_match: xx}\n"
    read = read_rules(text, "rules.yaml", {}).rules[0]
    assert (read.line, read.examples, read.counterexamples) == (4, ("x", " X! "), ("xx",))


def test_one_action_needs_no_list() -> None:
    assert len(rules("fallback: {then: {hand_off: seen}}").fallback) == 1


def test_a_reply_is_a_text_texts_by_language_or_a_setting() -> None:
    head = "languages: [it, en]\n"
    for written in ("reply: Hi", "reply: {text: Hi}", "reply: {en: Hi}", "reply: {text: {it: Ciao, en: Hi}}"):
        read = one_rule("{text: {en: hello}}", written, head=head)
        assert replies(plan("hello", read)) == ["Hi"]


def test_a_setting_that_is_a_mapping_needs_no_name() -> None:
    read = one_rule("{starts_with: i am}", 'set: {name: "{{ rest }}", city: ""}')
    assert [dict(effect) for effect in plan("I am Anna", read).explained] == [
        {"action": "set", "name": "name", "value": "Anna"},
        {"action": "set", "name": "city", "value": ""},
    ]


def test_a_webhook_takes_its_name_or_data_as_well() -> None:
    head = "webhooks: {crm: {url: 'https://crm.example.com/in'}}\n"
    assert plan("x", one_rule("{text: x}", "webhook: crm", head=head)).steps[0].to == "crm"
    explained = plan(
        "x", one_rule("{text: x}", "webhook: {to: crm, data: {said: '{{ message.text }}'}}", head=head)
    ).explained
    assert explained == ({"action": "webhook", "to": "crm", "data": {"said": "x"}},)


def test_a_new_action_is_read_by_the_types_of_its_fields() -> None:
    @action("wave")
    @dataclass(frozen=True, kw_only=True)
    class Wave(Action):
        at: ListOrAll
        how: Answer
        reason: str = "hello"

    try:
        assert one_rule("{text: x}", "wave: {at: all, how: confirm}").rules[0].actions == (
            Wave(at=ListOrAll("all"), how=Answer.CONFIRM),
        )
    finally:
        del ACTIONS["wave"]


def test_a_template_may_use_a_field_that_another_rule_sets() -> None:
    read = rules("""
        rules:
          - {name: city, when: {starts_with: city}, then: [set: {city: "{{ rest }}"}]}
          - {name: where, when: {text: where}, then: [reply: "In {{ contact.city }}."]}
    """)
    assert replies(plan("where", read, known(fields={"city": "Bari"}))) == ["In Bari."]


def test_a_field_that_was_never_told_is_empty() -> None:
    read = one_rule("{text: x}", 'reply: "Hi{% if contact.name %} {{ contact.name }}{% endif %}!"')
    assert [replies(plan("x", read, known(fields=fields)))[0] for fields in ({}, {"name": "Anna"})] == [
        "Hi!",
        "Hi Anna!",
    ]


@pytest.mark.parametrize("name", ["items", "keys", "values", "copy", "get", "update", "default_factory"])
def test_a_field_or_group_may_be_called_like_a_method(name: str) -> None:
    read = rules(f"""
        rules:
          - name: a
            when: {{pattern: 'is (?P<{name}>[a-z]+)'}}
            then:
              - set: {{{name}: "{{{{ match.{name} }}}}"}}
              - reply: "{{{{ contact.{name} }}}}/{{{{ match.{name} }}}}"
    """)
    assert replies(plan("is anna", read)) == ["anna/anna"]


def test_dates_and_times_are_in_the_zone_of_the_file() -> None:
    read = one_rule(
        "{answer: confirm}", "reply: '{{ appointment.starts_at | date }} {{ appointment.starts_at | time }}'"
    )
    assert replies(plan("yes", read, known(appointments=(appointment(),)))) == ["24/11/2026 10:00"]


def test_an_appointment_is_known_where_the_rule_asks_for_one() -> None:
    read = one_rule("{text: where, appointment: open}", "reply: 'At {{ appointment.location }}.'")
    assert replies(plan("where", read, known(appointments=(appointment(location="Bari"),)))) == ["At Bari."]


def test_a_rule_that_asks_for_an_open_appointment_does_not_guess_between_two() -> None:
    read = one_rule("{text: where, appointment: open}", "reply: 'At {{ appointment.location }}.'")
    decided = plan("where", read, known(appointments=(appointment("a1"), appointment("a2"))))
    assert (decided.rule, decided.near_misses[0].why) == (
        None,
        "2 appointments are open for this number, a person has to tell which one is meant",
    )


def test_the_hash_names_the_contents_and_not_their_line_ends() -> None:
    hashes = [
        read_rules(text, "rules.yaml", {}).hash
        for text in ("version: 1\n", "version: 1\r\n", "\ufeffversion: 1\n", "version: 1 \n")
    ]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
    assert len(hashes[0]) == 16


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\r\n")
    assert load_rules(path, {}).languages == ("en",)


def test_mistakes_of_a_file_on_disk_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("version: 2\n")
    with pytest.raises(RulesError, match=rf"^{path}:1:10: "):
        load_rules(path, {})


def test_own_words_of_reserved_keywords_count_as_the_built_in_ones() -> None:
    read = rules("reserved: {stop: {words: [Weg damit]}, start: {words: [bin zurück]}, help: {words: [hä]}}")
    assert [plan(text, read).rule for text in ("weg damit!", "Bin zuruck", "HÄ?")] == [
        "reserved:stop",
        "reserved:start",
        "reserved:help",
    ]


def test_the_own_words_of_a_file_are_no_words_of_the_next_file() -> None:
    files = (rules("reserved: {stop: {words: [Weg damit], phrases: [ganz weg]}}"), rules())
    assert [plan("weg damit", read).rule for read in files] == ["reserved:stop", None]
    assert [plan("bitte ganz weg", read).rule for read in files] == ["reserved:stop", None]


def test_an_own_stop_word_that_is_an_answer_yields_to_an_open_appointment() -> None:
    read = rules("""
        languages: [it]
        reserved: {stop: {words: [annulla]}}
        rules: [{name: "no", when: {answer: cancel}, then: [appointment: cancel]}]
    """)
    assert plan("annulla", read).rule == "reserved:stop"
    assert plan("annulla", read, known(appointments=(appointment(),))).rule == "no"


def test_a_text_of_the_file_stands_over_that_of_the_pack() -> None:
    read = rules("languages: [it, en]\nreserved: {stop: {reply: {it: Addio.}}}")
    assert replies(plan("STOP", read)) == ["Addio."]
    assert replies(plan("unsubscribe", read)) == ["You will get no more texts from us. Text START to return."]


def test_one_text_for_all_languages_is_said_in_all() -> None:
    read = rules("languages: [it, en]\nreserved: {stop: {reply: 'Bye, {{ contact.number }}.'}}")
    assert [replies(plan(text, read)) for text in ("stop", "unsubscribe", "cancellami")] == [
        ["Bye, +393301234567."]
    ] * 3


def test_a_reply_in_the_language_of_the_originator_is_chosen() -> None:
    read = one_rule("{text: hours}", "reply: {it: Orari, en: Hours}", head="languages: [it, en]\n")
    spoken: list[Known] = [known(), known(language="en"), known(language="fr")]
    assert [replies(plan("hours", read, about))[0] for about in spoken] == ["Orari", "Hours", "Orari"]


def test_a_reply_action_holds_what_the_author_typed() -> None:
    [reply] = one_rule("{text: x}", "reply: 'Hi {{ contact.name }}'").rules[0].actions
    assert isinstance(reply, ReplyAction)
    assert reply.text.pick(None).source == "Hi {{ contact.name }}"


def test_examples_are_not_judged_when_the_file_is_read() -> None:
    read = rules("rules: [{name: a, when: {text: x}, then: [hand_off: seen], examples: {match: [y]}}]")
    assert message(read.rules[0].examples[0]).text == "y"
