"""CPU of loading and checking small and very large rules files, beside parsing their YAML."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import yaml

from benchmarks.report import Goal, Report, Table
from benchmarks.rounds import Measurement, Options, alternate
from responder.rulefile import read_rules
from responder.rulefile.reading.places import placed_sources
from responder.rulefile.warnings import warnings_of

FEW, MANY = 1_000, 10_000
CONDITIONS = ("text: w{0} on", "starts_with: c{0}", "contains: t{0} x", "pattern: 'p{0} [A-Z]{{6}}'")
PARSING, LOADING, CHECKING = "parse", "load", "load, check"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MS = 1e3


def run(options: Options) -> Report:
    """Load and check a file of many rules; each may cost little more than in a small one."""
    few, many = options.count(FEW), options.count(MANY)
    read_rules("version: 1\n", "rules.yaml", {})  # the packs are read before anything is measured
    works = [(what, count, work) for count in (few, many) for what, work in WORK]
    measurements = {_row(what, count): _measurement(_row(what, count), count, work) for what, count, work in works}
    table = Table(
        title=f"check: CPU of files with {few:,} and {many:,} rules",
        unit="ms per rule",
        rows=alternate(options, measurements),
        baselines=(_row(PARSING, many), _row(CHECKING, few)),
    )
    return Report(tables=[table], goals=list(_goals(table, few, many)))


def _goals(table: Table, few: int, many: int) -> Iterator[Goal]:
    yield Goal(
        text=f"times {_row(PARSING, many)}, to {LOADING}",
        value=table.ratio(_row(LOADING, many), _row(PARSING, many)),
        limit=4,
    )
    yield Goal(
        text=f"times {_row(PARSING, many)}, to {CHECKING}",
        value=table.ratio(_row(CHECKING, many), _row(PARSING, many)),
        limit=15,
    )
    yield Goal(
        text=f"times {_row(CHECKING, few)}, with {many:,}",
        value=table.ratio(_row(CHECKING, many), _row(CHECKING, few)),
        limit=1.5,
    )


def rules_file(count: int, title: str = "News") -> str:
    """So many rules: a quarter each of whole texts, first words, words anywhere, and patterns."""
    lines = (
        f"- {{name: r{n}, when: {{{CONDITIONS[n % 4].format(n)}}}, "
        f'then: [{{subscribe: news}}, {{reply: "{{{{list.title}}}} {n}"}}]}}\n'
        for n in range(count)
    )
    return f"version: 1\nlists: {{news: {{title: {title}}}}}\nrules:\n{''.join(lines)}"


def _parse(text: str) -> None:
    yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  (it makes only strings, lists and maps)


def _load(text: str) -> None:
    _ = read_rules(text, "rules.yaml", {}).index


def _check(text: str) -> None:
    rules = read_rules(text, "rules.yaml", {})
    warnings_of(rules, placed_sources(rules), NOON)


WORK: tuple[tuple[str, Callable[[str], None]], ...] = ((PARSING, _parse), (LOADING, _load), (CHECKING, _check))


def _row(what: str, count: int) -> str:
    return f"{what} {count:,}"


def _measurement(name: str, count: int, work: Callable[[str], None]) -> Measurement:
    text = rules_file(count)

    def measure() -> dict[str, float]:
        began_at_s = time.process_time()
        work(text)
        return {name: (time.process_time() - began_at_s) / count * MS}

    return measure
