"""A file that was made to hurt is refused quickly, and no text at all does more than be refused."""

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responder.core.rehearsal.trials import try_all
from responder.errors import Mistake, RulesError
from responder.rulefile import load_packs, load_rules, read_rules
from responder.rulefile.describe.document import described
from responder.rulefile.reading.places import Sources, read_source
from responder.rulefile.warnings import warnings_of
from tests.conftest import NOON
from tests.planning import situation

EXAMPLE = (Path(__file__).parents[2] / "rules.yaml").read_text("utf-8")
REPLY = "version: 1\nfallback: {then: [{reply: '%s'}]}\n"
PATTERN = "version: 1\nrules: [{name: a, when: {pattern: '%s'}, then: [{reply: x}]}]\n"
NINES = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(8))
HOSTILE = {
    "a bomb of aliases": f"a: &a [x,x,x,x,x,x,x,x,x]\n{NINES}",
    "2,000 brackets": "[" * 2000,
    "10,000 brackets": "[" * 10000,
    "10,000 braces": "{a: " * 10000,
    "10,000 dashes": "- " * 10000,
    "five megabytes": "a: b\n" * (1 << 20),
    "an object": "!!python/object/apply:os.system ['true']\n",
    "a number of 5,000 digits": f"version: {'9' * 5000}\n",
    "a tab": "version: 1\nlists:\n\tnews:\n",
    "a key as long as the file": f"{'x' * 900_000}: 1\n",
    "a quote without an end": f"version: '{'x' * 900_000}",
    "thousands of brackets in a text": REPLY % ("{{ " + "(" * 4000),
    "thousands of negations in a text": REPLY % ("{{ " + "not " * 1200 + "now }}"),
    "conditions inside one another": REPLY % ("{% if now %}" * 150 + "x" + "{% endif %}" * 150),
    "a number of thousands of digits in a text": REPLY % ("{{ " + "9" * 4800 + " }}"),
    "a text that multiplies": REPLY % '{{ "a" * 1000000000 }}',
    "a text that counts": REPLY % "{% for n in range(1000000000) %}x{% endfor %}",
    "a text that looks inside": REPLY % "{{ message.__class__ }}",
    "hours without end": "version: 1\nrules: [{name: a, when: {hours: '%s'}, then: [{reply: x}]}]\n"
    % ("Mon," * 200_000),
    "5,000 includes": f"version: 1\ninclude: [{'a/*.yaml,' * 5_000}]\n",
    "a prefix without end": f"version: 1\nnumbers: {{48383: {{prefix: {'ab' * 40_000}}}}}\n",
    "a merge without end": "<<<<<<< a\n" * 100_000 + "a: b: c\n",
    "a line of quotes and blanks": "a: " + "' " * 300_000 + "\n",
    "a line of colons": "a" * 100_000 + ":\n- b\n" + ": " * 200_000 + "“\n",
    "a large pattern": PATTERN % (r"\pL{1000}" * 100),
    "repetitions of repetitions": PATTERN % "((a{100}){100}){100}",
}


@pytest.fixture(scope="module", autouse=True)
def packs() -> None:
    """The packs and libraries are read before the clock runs."""
    read_rules(EXAMPLE, "rules.yaml", {})


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_within_a_second_of_work(text: str) -> None:
    began_at = time.thread_time()
    with pytest.raises(RulesError):
        read_rules(text, "rules.yaml", {})
    assert time.thread_time() - began_at < 1


@pytest.mark.parametrize(
    "name", ["a bomb of aliases", "10,000 brackets", "five megabytes", "a key as long as the file"]
)
def test_a_hostile_file_takes_little_memory(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(RulesError):
        read_rules(HOSTILE[name], "rules.yaml", {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*$", "(.*a){25}$", r"(\w+\s?)*$", "(x+x+)+y", r"\s+$"])
def test_a_pattern_that_ruins_other_engines_is_quick_on_the_longest_text(pattern: str) -> None:
    index = read_rules(PATTERN % pattern, "rules.yaml", {}).index
    text = situation("a" * 1500 + " " * 98 + "!")
    began_at = time.thread_time()
    list(index.matches(text))
    assert time.thread_time() - began_at < 0.5


def test_bad_utf8_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"version: 1\n# caff\xe8\n")
    with pytest.raises(RulesError, match=r"rules.yaml:2:7: the byte 0xe8 is not UTF-8, save the file as UTF-8"):
        load_rules(tmp_path / "rules.yaml", {})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_refused_with_its_remedy(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "rules.yaml").write_bytes("version: 1\n".encode(encoding))
    with pytest.raises(
        RulesError, match=r"rules.yaml:1:1: the file is in UTF-16, which some editors call Unicode: save it as UTF-8"
    ):
        load_rules(tmp_path / "rules.yaml", {})


def test_windows_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"\xef\xbb\xbf" + EXAMPLE.encode().replace(b"\n", b"\r\n"))
    assert load_rules(tmp_path / "rules.yaml", {}).hash == read_rules(EXAMPLE, "rules.yaml", {}).hash


def test_a_large_file_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "rules.yaml").open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(RulesError, match="larger than 1 MB"):
        load_rules(tmp_path / "rules.yaml", {})


def test_a_missing_file_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        RulesError, match=r"cannot be read \(No such file or directory\), set RESPONDER_RULES to the rules file"
    ):
        load_rules(tmp_path / "rules.yaml", {})


def is_read_or_refused(text: str) -> bool:
    """Whether reading a text gives rules, with warnings and a description, or mistakes that each have a place and a sentence."""
    began_at = time.thread_time()
    try:
        rules = read_rules(text, "rules.yaml", {})
    except RulesError as error:
        return bool(error.mistakes) and all(_is_told(mistake) for mistake in error.mistakes)
    sources = Sources(files=(read_source(text, "rules.yaml"),))
    cautions = warnings_of(rules, sources, NOON)
    list(try_all(rules, NOON))
    is_quick = time.thread_time() - began_at < 1
    return is_quick and all(_is_told(caution.mistake) for caution in cautions) and bool(described(rules, sources))


def _is_told(mistake: Mistake) -> bool:
    return mistake.line > 0 and mistake.column > 0 and bool(mistake.text)


WORDS = st.sampled_from(
    [
        "news",
        "stop",
        "info",
        "yes",
        "x*",
        "(a|b)+",
        "^$",
        "[^]]",
        "news on",
        "1",
        "👍",
        "{{ rest }}",
        "a" * 500,
        "",
        "+393331234333",
    ]
)
RULES = st.lists(
    st.tuples(
        st.sampled_from(["text", "starts_with", "contains", "pattern"]),
        WORDS,
        WORDS,
        st.sampled_from(["reply", "hand_off", "subscribe"]),
    ),
    max_size=12,
)


@given(RULES)
@settings(max_examples=100, deadline=2000)
def test_any_rules_are_warned_of_or_refused(drawn: list[tuple[str, str, str, str]]) -> None:
    told = "".join(
        f"  - {{name: r{number}, when: {{{how}: '{word}'}}, then: [{{{action}: '{said}'}}], examples: {{match: ['{word}', '{said}']}}}}\n"
        for number, (how, word, said, action) in enumerate(drawn)
    )
    assert is_read_or_refused(f"version: 1\nlists: {{news: }}\nrules:\n{told}")


PIECES = st.sampled_from(
    [
        *(
            "version: 1\n",
            "rules:\n",
            "  - name: a\n",
            "    when: ",
            "    then:\n",
            "      - reply: ",
            "fallback: ",
            "reserved: ",
            "lists: ",
            "languages: ",
        ),
        *(
            "include: ",
            "numbers: ",
            "defaults: ",
            "hours: ",
            "since: ",
            "cooldown: ",
            "typos: true\n",
            "Mon-Fri 09:00-18:00",
            "2026-12-01",
            "24h",
            "timezone: ",
            "country: ",
            "text: ",
            "pattern: ",
            "answer: confirm\n",
            "to: ",
            "set: ",
            "webhook: ",
            ": ",
            "\n",
            "  ",
            "- ",
            "{",
            "}",
            "[",
            "]",
        ),
        *(
            "{{ ",
            " }}",
            "message.text",
            "now | date",
            "{% if now %}",
            "{% endif %}",
            "(?P<x>.)",
            "\\1",
            "'",
            '"',
            "&a",
            "*a",
            "!t",
            "|\n",
            ">\n",
            "\t",
            "#",
        ),
        *("---\n", "...\n", "%YAML 1.1\n", "\x00"),
    ]
)


@given(st.text(max_size=200) | st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join))
@settings(max_examples=150, deadline=2000)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert is_read_or_refused(text)


@given(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.text(max_size=6) | PIECES)
@settings(max_examples=30, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
def test_any_edit_of_the_example_is_read_or_refused(start: int, length: int, typed: str) -> None:
    assert is_read_or_refused(EXAMPLE[:start] + typed + EXAMPLE[start + length :])


@given(st.text(max_size=60) | st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=100, deadline=2000)
def test_any_reply_is_read_or_refused(typed: str) -> None:
    assert is_read_or_refused(REPLY % typed.replace("'", "''"))


def test_the_packs_are_read_once() -> None:
    assert load_packs() is load_packs()
