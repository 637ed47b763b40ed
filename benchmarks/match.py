"""Time to find the rule for a message, among few and very many keywords or patterns."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice

from benchmarks.load import OURS as DESTINATION
from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Measurement, Options, alternate
from responder.core.contact.known import Known
from responder.core.deciding.authorities import decide
from responder.core.rules.matching import Alias, How, Pattern, TextCondition, Words
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.situation import Situation
from responder.core.sms.message import Channel, Message, Order
from responder.core.sms.text import fold
from responder.rulefile import read_rules

MESSAGES = 20_000
LENGTH = 60
TEXTS = 2_000  # different ones
KEYWORDS = (10, 1_000, 100_000)
PATTERNS = (10, 1_000, 5_000)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FILLER = "grazie mille per la vostra gentile risposta a presto da Anna e Luca domani mattina presto"
ACCENTED = "perché è più città così però già"
US = 1e6


def run(options: Options) -> Report:
    """Compare the same decision with ten, with many and with very many rules."""
    tables = [_table("keywords", KEYWORDS, by_keywords, options), _table("patterns", PATTERNS, by_patterns, options)]
    return Report(tables=tables, goals=[goal for table in tables for goal in _goals(table)])


def _goals(table: Table) -> Iterator[Goal]:
    fewest, most = table.rows[0], table.rows[-1]
    yield Goal(text=f"times {fewest.name}, with {most.name}", value=most.ratio(fewest), limit=1.5)
    for row in table.rows:
        yield Goal(text=f"us with {row.name}", value=row.median, limit=25)


def _table(kind: str, sizes: Sequence[int], rules_with: Callable[[int], Rules], options: Options) -> Table:
    measurements = {
        f"{size:,} {kind}": _measurement(f"{size:,} {kind}", rules_with(size), options.count(MESSAGES), kind)
        for size in sizes
    }
    return Table(
        title=(
            f"match: CPU of folding and deciding, {options.count(MESSAGES):,} texts of {LENGTH} "
            "characters a run, half of them met by a rule"
        ),
        unit="us per message",
        rows=alternate(options, measurements),
        baselines=(f"{sizes[0]:,} {kind}",),
    )


def _measurement(name: str, rules: Rules, count: int, kind: str) -> Measurement:
    texts = list(islice(cycle(_texts(len(rules.rules), kind)), count))
    messages = [_message(number, text) for number, text in enumerate(texts)]
    decide(_situation(messages[0], rules), rules)  # builds the index

    def measure() -> dict[str, float]:
        began_at_s = time.process_time()
        for message in messages:
            decide(_situation(message, rules), rules)
        return {name: (time.process_time() - began_at_s) / len(messages) * US}

    return measure


def by_keywords(count: int) -> Rules:
    """Rules for so many keywords: a third are whole texts, a third first words, a third stand anywhere."""
    hows = (How.TEXT, How.STARTS_WITH, How.CONTAINS)
    return _rules(
        [
            Words(how=hows[number % 3], aliases=(Alias(folded=fold(_keyword(number, whole=number % 3 == 0))),))
            for number in range(count)
        ]
    )


def by_patterns(count: int) -> Rules:
    """Rules for so many patterns."""
    return _rules(
        [
            Pattern(sources=(rf"\bcode{number}\s+(?P<code>[A-Z0-9]{{6}})\b",), groups=frozenset({"code"}))
            for number in range(count)
        ]
    )


def _rules(conditions: Sequence[TextCondition]) -> Rules:
    empty = read_rules("version: 1\nlanguages: [it, en]\n", "rules.yaml", {})
    return replace(empty, rules=tuple(_rule(number, condition) for number, condition in enumerate(conditions)))


def _rule(number: int, condition: TextCondition) -> Rule:
    return Rule(name=f"rule {number}", line=number, text=condition, conditions=(), actions=())


def _keyword(number: int, *, whole: bool) -> str:
    """A keyword; one that is a whole text is as long as the texts that are measured."""
    return _padded(f"word{number} a") if whole else f"word{number} a"


def _padded(text: str) -> str:
    """The text, filled up with words to the length of all texts."""
    return f"{text} {FILLER}"[:LENGTH].ljust(LENGTH, "x")


def _texts(rules: int, kind: str) -> list[str]:
    """Texts in no order. A rule meets half of them, and a quarter has accents, which cost more to fold."""
    chosen = random.Random(7)
    met = "word{} a" if kind == "keywords" else "code{} AB12CD"
    texts = [_padded(met.format(chosen.randrange(rules))) for _ in range(TEXTS // 2)]
    texts += [_padded(f"nothing{number} {ACCENTED if number % 2 else ''}".strip()) for number in range(TEXTS // 2)]
    chosen.shuffle(texts)
    return texts


def _message(number: int, text: str) -> Message:
    return Message(
        seq=number,
        key=f"{number:032x}",
        channel=Channel.WEBHOOK,
        gateway="agile",
        originator=f"+3933{number:08d}",
        destination=DESTINATION,
        text=text,
        sent_at=NOON,
        received_at=NOON,
        order=Order(NOON, number),
    )


def _situation(message: Message, rules: Rules) -> Situation:
    return Situation(
        message=message, known=Known(originator=message.originator), lexicon=rules.vocabulary.of(message.originator)
    )
