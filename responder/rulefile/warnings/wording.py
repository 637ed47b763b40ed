"""How people leave lists, what texts have to say about that and about who we are, and the languages that they lack."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from responder.core.rules.actions import Action
from responder.core.rules.matching import How, Words
from responder.core.rules.rules import Rule
from responder.core.sms.text import fold
from responder.rulefile.reading.places import Spot
from responder.rulefile.warnings.survey import Caution, Code, Reached, Survey
from responder.rulefile.warnings.texts import Sent, texts_of_reserved, texts_of_rules

SUBSCRIBE, UNSUBSCRIBE, ALL = "subscribe", "unsubscribe", "all"
EVERYDAY = frozenset({"end", "quit", "cancel", "remove", "revoke", "basta", "cancella", "baja", "fin", "sair", "pare"})
CONTACT = re.compile(r"[0-9](?:[ ./()-]?[0-9]){4,}|@|https?:|www\.|\b[a-z0-9-]+\.[a-z]{2,6}\b", re.IGNORECASE)
PREFIX = re.compile(r"^\W*\w[^.:!?]{0,40}:\s")
CAPITAL = re.compile(r"[A-ZÀ-Þ][\w&'’-]+")
SENTENCE_BEGINS = re.compile(r"(?:^|[.:!?]\s+)\W*\Z")


def cautions(survey: Survey) -> Iterator[Caution]:
    """Lists that nobody can leave or join, welcomes that don't say how to leave, incomplete help texts, and gaps."""
    yield from _lists(survey)
    yield from _without_way_out(survey)
    yield from _without_language(survey)
    keywords = _keywords(survey)
    for sent in texts_of_reserved(survey, "help"):
        if missing := _missing(sent.rendered()[0], keywords):
            lacks = " and no ".join(missing)
            remedy = 'say who writes and how to reach you ("HELP" is answered with it)'
            mistake = sent.spot().mistake(f"{sent.owner}: the text has no {lacks}, {remedy}")
            yield survey.caution(Code.HELP_TEXT, mistake, sent.reached)


def lists_of(rule: Rule, action: str) -> frozenset[str]:
    """The lists that a rule puts on, or takes off."""
    return frozenset(list_of(a) for a in rule.actions if a.name == action)


def list_of(action: Action) -> str:
    return str(getattr(action, action.list_field or "", ""))


def _lists(survey: Survey) -> Iterator[Caution]:
    """Each list that people cannot leave by text, or that nobody can join."""
    for name in survey.rules.lists:
        joining = [rule for rule in survey.enabled if name in lists_of(rule, SUBSCRIBE)]
        leaving = [rule for rule in survey.enabled if lists_of(rule, UNSUBSCRIBE) & {name, ALL}]
        if joining and not leaving:
            reached = next((found for rule in joining if (found := survey.reached(rule))), None)
            shows = f'"{reached.text}" joins it, and ' if reached else ""
            remedy = f"add a rule with 'unsubscribe: {name}'"
            text = f"{shows}no text leaves it except STOP, which leaves everything: {remedy}"
            yield _caution_of_list(Code.CANNOT_LEAVE, name, text, reached, survey)
        elif not joining:
            witness = f"{name.upper()} ON"
            remedy = f"add a rule with 'subscribe: {name}', or remove the list"
            text = f'nobody can join it by text, not even by "{witness}": {remedy}'
            yield _caution_of_list(Code.CANNOT_JOIN, name, text, Reached(text=witness, given=survey.plain), survey)


def _caution_of_list(code: Code, name: str, text: str, reached: Reached | None, survey: Survey) -> Caution:
    found = survey.sources.section("lists", name)
    spot = Spot(file=found[0].file, place=found[1].place) if found else survey.sources.top()
    return survey.caution(code, spot.mistake(f'list "{name}": {text}'), reached)


def _without_way_out(survey: Survey) -> Iterator[Caution]:
    ways = _WaysOut(survey)
    texts: dict[str, dict[str | None, list[Sent]]] = defaultdict(lambda: defaultdict(list))
    for rule, sent in texts_of_rules(survey):
        texts[rule.name][sent.language].append(sent)
    for rule in survey.enabled:
        for joined in sorted(lists_of(rule, SUBSCRIBE)):
            for of_language in texts[rule.name].values():
                if not any(ways.are_told(sent, joined) for sent in (*of_language, *texts[rule.name].get(None, ()))):
                    yield _no_way_out(rule, of_language[0], joined, ways.first(joined), survey)


class _WaysOut:
    """The words that leave each list, its own before those that leave everything."""

    def __init__(self, survey: Survey) -> None:
        self._own: dict[str, dict[str, None]] = defaultdict(dict)
        for rule in survey.enabled:
            if isinstance(rule.text, Words) and rule.text.how is not How.CONTAINS:
                for name in lists_of(rule, UNSUBSCRIBE):
                    self._own[name] |= dict.fromkeys(alias.folded for alias in rule.text.aliases)
        self._all = {
            **self._own[ALL],
            **dict.fromkeys(word for word in survey.rules.vocabulary.everywhere.opt_out if word not in EVERYDAY),
        }
        self._longest = max(
            (word.count(" ") + 1 for words in (*self._own.values(), self._all) for word in words), default=1
        )

    def are_told(self, sent: Sent, joined: str) -> bool:
        words = fold(sent.rendered()[0]).split()
        own = self._own[joined]
        runs = (
            " ".join(words[start : start + length])
            for start in range(len(words))
            for length in range(1, self._longest + 1)
        )
        return any(run in own or run in self._all for run in runs)

    def first(self, joined: str) -> str:
        return next(iter((*self._own[joined], *self._own[ALL], "stop"))).upper()


def _no_way_out(rule: Rule, sent: Sent, joined: str, word: str, survey: Survey) -> Caution:
    text = f'the text to who joins "{joined}" does not say how to leave, add "{word} to leave" ({sent.when})'
    return survey.caution(Code.NO_WAY_OUT, sent.spot().mistake(f'rule "{rule.name}": {text}'), sent.reached)


def _keywords(survey: Survey) -> frozenset[str]:
    """The words that a text may write in capitals without naming anybody."""
    of_rules = (alias.folded for rule in survey.enabled if isinstance(rule.text, Words) for alias in rule.text.aliases)
    lexicon = survey.rules.vocabulary.everywhere
    said = (*of_rules, *lexicon.opt_out, *lexicon.opt_in, *lexicon.help, *lexicon.answers, "sms")
    return frozenset(word for phrase in said for word in phrase.split())


def _missing(text: str, keywords: frozenset[str]) -> list[str]:
    """What a help text lacks.

    >>> _missing("Acme: call +39 02 1234567. STOP to leave.", frozenset({"stop"}))
    []
    >>> _missing("Text STOP to leave.", frozenset({"stop"}))
    ['name', 'contact']
    """
    found = {"name": _names_somebody(text, keywords), "contact": CONTACT.search(text) is not None}
    return [what for what, is_there in found.items() if not is_there]


def _names_somebody(text: str, keywords: frozenset[str]) -> bool:
    """Whether a text seems to contain a name: words before a colon, or capitals that are no keyword."""
    if PREFIX.search(text):
        return True
    words = list(CAPITAL.finditer(text))
    if any(
        text[first.end() : second.start()] == " " and not {fold(first[0]), fold(second[0])} & keywords
        for first, second in pairwise(words)
    ):
        return True
    return any(not SENTENCE_BEGINS.search(text[: word.start()]) and fold(word[0]) not in keywords for word in words)


def _without_language(survey: Survey) -> Iterator[Caution]:
    """Each text that lacks a language which another text of its rule has, or the question of a list that it joins."""
    told: dict[str, dict[int, Sent]] = defaultdict(dict)
    for rule, sent in texts_of_rules(survey):
        told[rule.name].setdefault(id(sent.texts), sent)
    for rule in survey.enabled:
        beside = {**_of_lists(rule, survey), **_of_rule(told[rule.name].values())}
        for sent in told[rule.name].values():
            missing = [language for language in beside if language not in sent.texts.by_language]
            if missing and len(beside) > 1:
                add = ", ".join(f"'{language}: …'" for language in missing)
                lacks = f"the text is missing in {' and '.join(missing)}, which {beside[missing[0]]} has: add {add}"
                mistake = sent.spot().mistake(f'rule "{rule.name}": {lacks} ({sent.when})')
                yield survey.caution(Code.MISSING_LANGUAGE, mistake, sent.reached)


def _of_rule(texts: Iterable[Sent]) -> dict[str, str]:
    named = (language for sent in texts for language in sent.texts.by_language if language)
    return dict.fromkeys(named, "another text of the rule")


def _of_lists(rule: Rule, survey: Survey) -> dict[str, str]:
    """The languages of the questions of the lists that a rule puts on, as far as the file has them."""
    found: dict[str, str] = {}
    for name in sorted(lists_of(rule, SUBSCRIBE)):
        if survey.sources.section("lists", name, "question"):
            languages = filter(None, survey.rules.lists[name].question.by_language)
            found |= dict.fromkeys(languages, f'the question of list "{name}"')
    return found
