"""responder test: examples with their variants, tests, and the rules that they exercise."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent
from zoneinfo import ZoneInfo

import typer

from responder.cli.rules.explain import print_explanation
from responder.cli.rules.file import load_or_exit
from responder.cli.terminal.options import AsJson, RulesFile
from responder.cli.terminal.output import aligned, echo_json, one_line, progress, say
from responder.core.rehearsal.trials import Coverage, Trial, coverage, percent, try_all
from responder.core.rules.rules import Rules
from responder.core.sms.times import counted
from responder.desk.editing.trying import explanation_of
from responder.errors import ConfigurationError
from responder.settings.model import load_settings

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
        _write_junit(junit, str(path), outcomes)
    reached = percent(covered)
    if as_json:
        _print_json(outcomes, covered)
    else:
        _print_all(outcomes, covered, str(path), reached, of_file.zone)
    is_too_low = coverage_min is not None and reached < coverage_min
    if is_too_low:
        too_low = f"{reached:.0f} % of the rules are exercised, less than the {coverage_min:g} % asked for"
        say(f"{too_low}: add examples or tests", err=True)
    if is_too_low or not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


def _tried(rules: Rules) -> list[Trial]:
    outcomes = []
    examples = sum(len(rule.examples) + len(rule.counterexamples) for rule in rules.rules)
    with progress("testing", examples + len(rules.tests)) as advance:
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


def _print_all(
    outcomes: Sequence[Trial], covered: Sequence[Coverage], file: str, reached: float, zone: ZoneInfo
) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        _print_failure(outcome, zone)
    if covered:
        table = [("rule", "line", "examples", "tests", ""), *(_coverage_row(rule, file) for rule in covered)]
        say("\n".join(aligned(table)))
    counts = Counter(str(outcome.kind) for outcome in outcomes)
    examples = counts["example"] + counts["no_match"]
    tried = ", ".join(
        [
            counted(examples, "example"),
            f"{counted(counts['variant'], 'variant')} of them",
            counted(counts["test"], "test"),
        ]
    )
    exercised = sum(rule.exercised for rule in covered)
    result = f"{len(failed)} failed" if failed else "all passed" if outcomes else NOTHING_TRIED
    say(f"{file}: {tried}: {result}; {exercised} of {counted(len(covered), 'rule')} exercised ({reached:.0f} %)")


def _coverage_row(rule: Coverage, file: str) -> tuple[str, ...]:
    """The row of a rule; its line has the name of its file if that is another one."""
    line = str(rule.line) if rule.file == file else f"{Path(rule.file).name}:{rule.line}"
    return rule.rule, line, str(rule.examples), str(rule.tests), "" if rule.exercised else "not exercised"


def _print_failure(outcome: Trial, zone: ZoneInfo) -> None:
    """A failure: what was expected beside what came out, and the explanation of the text."""
    say(f"{outcome.file}:{outcome.line}: FAILED {outcome.kind} {outcome.name}")
    rows = [("", "expected", "got")]
    for difference in outcome.differences:
        rows += side_by_side(difference.what, difference.expected, difference.got)
    say("\n".join(f"  {line}" for line in aligned(rows)))
    if outcome.plan:
        print_explanation(explanation_of(outcome.plan), indent="  ", zone=zone)
    say()


def side_by_side(what: str, expected: str, got: str) -> list[tuple[str, str, str]]:
    """Rows with what was expected beside what came out, line by line.

    >>> side_by_side("replies", "Hi.", "Hello." + chr(10) + "Bye.")
    [('replies', 'Hi.', 'Hello.'), ('', '', 'Bye.')]
    """
    pairs = zip_longest(expected.split("\n"), got.split("\n"), fillvalue="")
    return [("" if number else what, one_line(left), one_line(right)) for number, (left, right) in enumerate(pairs)]


def _write_junit(path: Path, file: str, outcomes: Sequence[Trial]) -> None:
    """Write the results as JUnit XML, which every CI system reads."""
    failed = sum(not outcome.passed for outcome in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": file, **counts})
    for outcome in outcomes:
        names = {"classname": f"{outcome.file}.{outcome.kind}", "name": one_line(outcome.name)}
        case = SubElement(suite, "testcase", {**names, "file": outcome.file, "line": str(outcome.line)})
        if not outcome.passed:
            differences = [f"{d.what}: expected {d.expected}, got {d.got}" for d in outcome.differences]
            failure = SubElement(case, "failure", {"message": one_line("; ".join(differences))})
            failure.text = one_line(f"{outcome.file}:{outcome.line}: the text {outcome.text!r}")
    indent(root)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from error
