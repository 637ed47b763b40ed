"""Results of tests as JUnit XML, which every system for continuous integration reads."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from responder.cli.terminal.output import one_line
from responder.core.rehearsal.trials import Trial
from responder.errors import ConfigurationError


def write_junit(path: Path, file: str, outcomes: Sequence[Trial]) -> None:
    """Write the results to a file; ConfigurationError says why that cannot be."""
    failed = sum(not outcome.passed for outcome in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": file, **counts})
    for outcome in outcomes:
        place = {"file": outcome.file, "line": str(outcome.line)}
        case = SubElement(
            suite, "testcase", {"classname": f"{outcome.file}.{outcome.kind}", "name": one_line(outcome.name), **place}
        )
        if not outcome.passed:
            told = [f"{d.what}: expected {d.expected}, got {d.got}" for d in outcome.differences]
            failure = SubElement(case, "failure", {"message": one_line("; ".join(told))})
            failure.text = one_line(f"{outcome.file}:{outcome.line}: the text {outcome.text!r}")
    indent(root)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from error
