"""One more word for a rule, written into its file: at the right line, and meaning the text whatever it is."""

from datetime import UTC, datetime

import pytest

from responder.core.contact.known import Known
from responder.core.deciding.plan import make_plan
from responder.core.rehearsal.conversation import imagined
from responder.rulefile import read_rules
from responder.rulefile.writing import NoPlace, with_alias

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SOMEBODY, US = "+390000000000", "+393331234333"
BEFORE = "version: 1\nlanguages: [it, en]\nrules:\n"
AFTER = "    then: [{reply: ok}]\n"
RULE = "  - name: a\n    when:\n      "
SHAPES = {  # how the words are written, and the line of the new one
    "text: alpha beta   # the only one\n": "      text: [alpha beta, newz on]   # the only one",
    "text: 'alpha beta'\n": "      text: ['alpha beta', newz on]",
    'text: "alpha beta"\n': '      text: ["alpha beta", newz on]',
    "text: [alpha beta, gamma]\n": "      text: [alpha beta, gamma, newz on]",
    "text: [alpha beta,   # first\n             gamma]   # last\n": "             gamma, newz on]   # last",
    "text:\n        - alpha beta\n        - gamma   # last\n": "        - newz on",
    "text:\n      - alpha beta\n": "      - newz on",
    "starts_with: {it: [uno due], en: [alpha beta, news on]}\n": (
        "      starts_with: {it: [uno due], en: [alpha beta, news on, newz on]}"
    ),
    "contains:\n        it: notizie\n        en: news on\n": "        en: [news on, newz on]",
}
HOSTILE = [
    *("- {3", "null", "yes", "1e3", "0600", "true", "a: b", "# x", "it's", 'a "b"', "\\n", "{{ 7*7 }}", "{% x %}"),
    *("[a]", "&a *b", "!t x", "%TAG", "@x", "`x`", "key: 'a", "| x", "> x", "<b>x</b>", "2026-11-30", "a 😀"),
    *("x" * 1000, "a\nb", "a\u2028b", "\x07bel", "\u202eevil", "a\tb", "\ufeffx", "è", "--- x", "? x", "a,b]", "~1"),
]


def decides(text: str, said: str) -> str | None:
    """The rule that answers a text."""
    rules = read_rules(text, "rules.yaml", {})
    return make_plan(imagined(said, SOMEBODY, US, NOON), rules, Known(originator=SOMEBODY)).rule


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_word_stands_at_the_right_line_and_nothing_else_changes(shape: str, end: str) -> None:
    before = f"{BEFORE}{RULE}{shape}{AFTER}".replace("\n", end)
    after, line = with_alias(read_rules(before, "rules.yaml", {}), "a", "newz on")
    assert after.split(end)[line - 1] == SHAPES[shape]
    assert set(before.split(end)) - set(after.split(end)) <= {before.split(end)[line - 1]}
    assert decides(after, "Newz on!") == "a"
    assert "\n" not in after.replace(end, "")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:12])
def test_whatever_the_text_is_the_file_is_right_and_means_it(shape: str, text: str) -> None:
    before = f"{BEFORE}{RULE}{shape}{AFTER}"
    after, _ = with_alias(read_rules(before, "rules.yaml", {}), "a", text)
    assert decides(after, text) == "a"


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("{pattern: 'alpha (x)'}", "asks for no words"),
        ("{answer: confirm}", "asks for no words"),
        ("{to: '+393331234333'}", "asks for no words"),
        ("{text: alpha\n        beta}", "only a person should change"),
        ("\n      text: >\n        alpha beta", "only a person should change"),
    ],
)
def test_a_rule_that_gets_no_further_word_says_why(when: str, why: str) -> None:
    rules = read_rules(f"{BEFORE}  - name: a\n    when: {when}\n{AFTER}", "rules.yaml", {})
    with pytest.raises(NoPlace, match=why):
        with_alias(rules, "a", "newz on")
