"""responder test: the examples and tests of a rules file, their machine-made variants, and which rules they exercise."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.rules.explain import record_of
from responder.cli.rules.explaining import print_explanation
from responder.cli.rules.junit import write_junit
from responder.cli.terminal.mistakes import load_or_exit
from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import aligned, echo_json, one_line, progress, say
from responder.core.operations.records import explained
from responder.core.rehearsal.coverage import Coverage, coverage, percent
from responder.core.rehearsal.trials import Trial, try_all
from responder.core.rules.rules import Rules
from responder.settings.model import load_settings
from responder.store.inbox.commit import explanation_json

RulesFile = Annotated[
    Path | None, typer.Argument(metavar="RULES", help="The rules file; without it that of RESPONDER_RULES.")
]
CoverageMin = Annotated[
    float | None,
    typer.Option(
        "--coverage-min", metavar="N", min=0, max=100, help="Fail if less than N percent of the rules are exercised."
    ),
]
JUnit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write the results to FILE as JUnit XML as well.")
]


NOTHING_TRIED = "nothing was tried, add 'examples: {match: [...]}' to the rules"


app = typer.Typer()


@app.command("test")
def run_tests(
    rules: RulesFile = None, *, coverage_min: CoverageMin = None, junit: JUnit = None, as_json: AsJson = False
) -> None:
    path = rules or load_settings().rules
    of_file = load_or_exit(path, as_json=as_json)
    outcomes = _tried(of_file)
    covered = coverage(of_file, outcomes)
    if junit:
        write_junit(junit, str(path), outcomes)
    reached = percent(covered)
    if as_json:
        _print_json(outcomes, covered)
    else:
        _print_all(outcomes, covered, str(path), reached)
    is_too_low = coverage_min is not None and reached < coverage_min
    if is_too_low:
        say(
            f"{reached:.0f} % of the rules are exercised, less than the {coverage_min:g} % asked for: add examples or tests",
            err=True,
        )
    if is_too_low or not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


def _tried(rules: Rules) -> list[Trial]:
    outcomes = []
    with progress(
        "testing", sum(len(rule.examples) + len(rule.counterexamples) for rule in rules.rules) + len(rules.tests)
    ) as advance:
        for outcome in try_all(rules, datetime.now(UTC)):
            outcomes.append(outcome)
            advance(outcome.kind != "variant")
    return outcomes


def _print_json(outcomes: Sequence[Trial], covered: Sequence[Coverage]) -> None:
    for outcome in outcomes:
        echo_json(
            {
                "record": str(outcome.kind),
                "name": outcome.name,
                "file": outcome.file,
                "line": outcome.line,
                "text": outcome.text,
                "passed": outcome.passed,
                "rule": outcome.plan.rule if outcome.plan else None,
                "differences": [{"what": d.what, "expected": d.expected, "got": d.got} for d in outcome.differences],
            }
        )
    for rule in covered:
        exercised = {"examples": rule.examples, "tests": rule.tests, "exercised": rule.exercised}
        echo_json({"record": "coverage", "rule": rule.rule, "file": rule.file, "line": rule.line, **exercised})


def _print_all(outcomes: Sequence[Trial], covered: Sequence[Coverage], file: str, reached: float) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        _print_failure(outcome)
    if covered:
        table = [("rule", "line", "examples", "tests", ""), *(_coverage_row(rule, file) for rule in covered)]
        say("\n".join(aligned(table)))
    counts = {
        kind: sum(outcome.kind == kind for outcome in outcomes) for kind in ("example", "no_match", "variant", "test")
    }
    tried = f"{counts['example'] + counts['no_match']} examples, {counts['variant']} variants of them, {counts['test']} tests"
    exercised = sum(rule.exercised for rule in covered)
    result = f"{len(failed)} failed" if failed else "all passed" if outcomes else NOTHING_TRIED
    say(f"{file}: {tried}: {result}; {exercised} of {len(covered)} rules exercised ({reached:.0f} %)")


def _coverage_row(rule: Coverage, file: str) -> tuple[str, ...]:
    """A rule; where it stands in another file than this one, with the name of that."""
    line = str(rule.line) if rule.file == file else f"{Path(rule.file).name}:{rule.line}"
    return rule.rule, line, str(rule.examples), str(rule.tests), "" if rule.exercised else "not exercised"


def _print_failure(outcome: Trial) -> None:
    """A failure with what was expected beside what came out, and the explanation of the text."""
    say(f"{outcome.file}:{outcome.line}: FAILED {outcome.kind} {outcome.name}")
    rows = [("", "expected", "got")]
    for difference in outcome.differences:
        rows += side_by_side(difference.what, difference.expected, difference.got)
    say("\n".join(f"  {line}" for line in aligned(rows)))
    if outcome.plan:
        print_explanation(
            explained(record_of(outcome.plan), outcome.plan.language, explanation_json(outcome.plan)), indent="  "
        )
    say()


def side_by_side(what: str, expected: str, got: str) -> list[tuple[str, str, str]]:
    """Rows that hold what was expected beside what came out, line by line.

    >>> side_by_side("replies", "Hi.", "Hello." + chr(10) + "Bye.")
    [('replies', 'Hi.', 'Hello.'), ('', '', 'Bye.')]
    """
    pairs = zip_longest(expected.split("\n"), got.split("\n"), fillvalue="")
    return [("" if number else what, one_line(left), one_line(right)) for number, (left, right) in enumerate(pairs)]
