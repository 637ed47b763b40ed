"""A rules file in plain words, as Markdown that stays the same where the file does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

from responder.core.recognition.packs import ALWAYS, Word
from responder.core.rules.actions import Action
from responder.core.rules.conditions import ToOneOf
from responder.core.rules.matching import Answers
from responder.core.rules.rules import Rule, Rules
from responder.rulefile.describe.plain_words import action_in_words, condition_in_words, texts_in_words
from responder.rulefile.reading.in_words import either, quoted
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Sequence
from responder.rulefile.reading.places import Sources, entry, scalars

KNOWN_KEYS = ("name", "when", "then", "examples", "enabled", "continue")
MOST_WORDS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class InWords:
    """A rule in plain words: when it applies, and what it does then."""

    sentence: str
    lines: tuple[str, ...]


def described(rules: Rules, sources: Sources) -> str:
    """What happens to each text, for people who don't read YAML."""
    sections = chain(
        _reserved(rules), _numbers(rules, sources), _fallback(rules, sources), _lists(rules), _webhooks(rules)
    )
    return "\n\n".join(["# What happens to each text", *sections]) + "\n"


def _reserved(rules: Rules) -> Iterator[str]:
    yield "## Words that stand above all rules"
    lexicon = rules.vocabulary.everywhere
    yield _keyword(
        "stop", "STOP", _said(lexicon.opt_out), "takes the number off every list, and nothing more is sent to it", rules
    )
    yield _keyword(
        "start",
        "START",
        _said(lexicon.opt_in),
        "lets us write to the number again, and puts it back on the lists that STOP took",
        rules,
    )
    yield _keyword("help", "HELP", _said(lexicon.help), "is answered to everybody, also after STOP", rules)


def _said(words: Mapping[str, Word]) -> list[str]:
    """The words as their packs write them: those of every language first, those for some people last."""
    ordered = sorted(words.values(), key=lambda word: (word.returning, word.language != ALWAYS))
    return [f"{quoted(word.typed)}{' (from who said STOP)' if word.returning else ''}" for word in ordered]


def _keyword(keyword: str, title: str, words: list[str], does: str, rules: Rules) -> str:
    more = f" and {len(words) - MOST_WORDS} more" if len(words) > MOST_WORDS else ""
    spoken = (*(language for language in rules.languages), None)
    texts = rules.reserved_texts[keyword]
    kept = type(texts)({language: template for language, template in texts.by_language.items() if language in spoken})
    lines = [does, *texts_in_words("replies", kept, "")]
    return _entry(title, f"When the whole text is {either(words[:MOST_WORDS])}{more}:", lines)


def _entry(title: str, sentence: str, lines: Iterable[str]) -> str:
    return "\n".join([f"### {title}", "", sentence, "", *(f"- {line}" for line in lines)])


def _numbers(rules: Rules, sources: Sources) -> Iterator[str]:
    """The rules by the number that is texted: those for all numbers, then those for each."""
    of_all = [rule for rule in rules.rules if not _numbers_of(rule)]
    if of_all:
        yield "## Texts to any number"
        yield "The first of these that applies answers, in the order of the file; rules for one number stand below."
        yield from (_rule(rule, rules, sources) for rule in of_all)
    for number in sorted(set(chain.from_iterable(map(_numbers_of, rules.rules)))):
        yield f"## Texts to {number}"
        yield from (_rule(rule, rules, sources) for rule in rules.rules if number in _numbers_of(rule))


def _numbers_of(rule: Rule) -> frozenset[str]:
    return next((condition.numbers for condition in rule.conditions if isinstance(condition, ToOneOf)), frozenset())


def rule_in_words(rule: Rule, rules: Rules, sources: Sources) -> InWords:
    """What a rule asks and does, for people who don't read YAML."""
    found = sources.rules.get(rule.name)
    node: Node | None = found[1] if found else None
    when, then = (entry(node, "when"), entry(node, "then")) if node else (None, None)
    conditions = when[1].entries if when and isinstance(when[1], MappingNode) else ()
    conditions_in_words = [condition_in_words(key.text, value, rules) for key, value in conditions if key.text != "to"]
    sentence = f"When {either(conditions_in_words, 'and')}:" if conditions_in_words else "Whatever the text is:"
    return InWords(
        sentence=sentence, lines=(*_actions(rule.actions, then[1] if then else None, rules), *_further(rule, node))
    )


def _rule(rule: Rule, rules: Rules, sources: Sources) -> str:
    told = rule_in_words(rule, rules, sources)
    asleep = "" if rule.enabled else " (asleep, never applies)"
    pause = rules.pauses.get(rule.name)
    paused = [f"it does not apply now: {pause.reason(rules.zone)}"] if pause else []
    return _entry(f"{rule.name}{asleep}", told.sentence, [*paused, *told.lines])


def _actions(actions: tuple[Action, ...], then: Node | None, rules: Rules) -> Iterator[str]:
    nodes: tuple[Node | None, ...] = then.items if isinstance(then, Sequence) else (then,)
    padded = (*nodes, *[None] * (len(actions) - len(nodes)))
    for action, node in zip(actions, padded, strict=False):
        yield from action_in_words(action, node, actions, rules)


def _further(rule: Rule, node: Node | None) -> Iterator[str]:
    if isinstance(rule.text, Answers):
        yield "(with several open appointments, or none, it does not apply)"
    if rule.goes_on:
        yield "then the rules after it are asked as well"
    for key, value in node.entries if isinstance(node, MappingNode) else ():
        if key.text not in KNOWN_KEYS:
            yield f"{key.text}: {either(quoted(scalar.text) for scalar in scalars(value))}"


def _fallback(rules: Rules, sources: Sources) -> Iterator[str]:
    yield "## Where no rule applies"
    if not rules.fallback:
        yield "Nothing happens; the text is kept."
        return
    found = sources.section("fallback", "then")
    lines = _actions(rules.fallback, found[2] if found else None, rules)
    yield "\n".join(f"- {line}" for line in lines)


def _lists(rules: Rules) -> Iterator[str]:
    if not rules.lists:
        return
    yield "## Lists"
    rows = ["| List | Title | Joined by | Left by |", "|---|---|---|---|"]
    for name, entry_ in rules.lists.items():
        joined, left = _rules_that("subscribe", {name}, rules), _rules_that("unsubscribe", {name, "all"}, rules)
        left_by = f"{left}, STOP" if left else "STOP"
        rows.append(f"| {name} | {quoted(entry_.title)} | {joined or 'nobody, by text'} | {left_by} |")
    yield "\n".join(rows)


def _rules_that(action: str, lists: set[str], rules: Rules) -> str:
    return ", ".join(
        rule.name
        for rule in rules.rules
        if any(a.name == action and getattr(a, "list", None) in lists for a in rule.actions)
    )


def _webhooks(rules: Rules) -> Iterator[str]:
    if not rules.webhooks:
        return
    yield "## Systems that are called"
    lines = []
    for webhook in rules.webhooks.values():
        host, signed = urlsplit(webhook.url).hostname, "signed" if webhook.secrets else "not signed"
        callers = [rule.name for rule in rules.rules if _calls(rule.actions, webhook.name)]
        callers += ["the fallback"] if _calls(rules.fallback, webhook.name) else []
        lines.append(f"- {quoted(webhook.name)} at {host}, {signed}, called by {either(callers, 'and') or 'nothing'}")
    yield "\n".join(lines)


def _calls(actions: tuple[Action, ...], webhook: str) -> bool:
    return any(action.name == "webhook" and getattr(action, "to", None) == webhook for action in actions)
