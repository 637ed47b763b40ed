"""The catalogue of reasons: what is stored by a code can be said again, and no code is idle."""

import ast
import re
from pathlib import Path

import pytest

from responder.core.contact.reasons import Reason, all_of, because, read_reason, reason_from, written_reason
from responder.core.contact.sentences import SENTENCES

SOURCE = Path(__file__).parents[3] / "responder"
CODE = re.compile(r'\b(?:because|_held)\(\s*"([a-z_]+)"(?: if [^"]+ else "([a-z_]+)")?')
ENDS_AN_ATTEMPT = {"AccessError", "BlockedError", "Gone", "PermanentError", "TransientError", "UncertainError"}
PLACE = re.compile(r"\{(\w+)")


def test_every_code_is_used_and_every_used_code_has_a_sentence() -> None:
    written = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    assert {code for found in CODE.findall(written) for code in found if code} == set(SENTENCES)


@pytest.mark.parametrize("folder", ["clients/http.py", "gateways", "worker"])
def test_whatever_ends_an_attempt_has_a_code(folder: str) -> None:
    """Its reason is stored with the delivery, the hold or the endpoint, and read on pages in Italian as well."""
    place = SOURCE / folder
    modules = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert [
        f"{module.relative_to(SOURCE)}:{node.lineno}"
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ENDS_AN_ATTEMPT
        if any(isinstance(given, ast.Constant | ast.JoinedStr | ast.BinOp) for given in node.args)
    ] == []


@pytest.mark.parametrize("code", SENTENCES)
def test_a_reason_is_read_as_it_was_written(code: str) -> None:
    reason = because(code, **{name: f"some {name}" for name in PLACE.findall(SENTENCES[code])})
    read = read_reason(written_reason(reason))
    assert isinstance(read, Reason)
    assert (str(read), read.code, read.values) == (str(reason), reason.code, reason.values)


def test_reasons_within_reasons_keep_their_codes() -> None:
    both = all_of((because("wants_to_cancel"), "the shop's own words"))
    read = read_reason(written_reason(because("not_done", reason=both)))
    assert isinstance(read, Reason)
    assert str(read) == "not done: wants to cancel; the shop's own words"
    assert [getattr(one, "code", None) for one in read.values["reason"].values["reasons"]] == ["wants_to_cancel", None]


def test_a_code_or_values_that_this_version_does_not_know_are_a_sentence_still() -> None:
    assert reason_from({"why": "it snows", "code": "of_tomorrow", "values": {}}) == "it snows"
    assert reason_from({"why": "it rains", "code": "on_list", "values": {"of": "then"}}) == "it rains"


@pytest.mark.parametrize("typed", ["{", '{"a": 1}', "[]", "{{ name }}", '{"code": "on_list"}', "plain"])
def test_what_somebody_typed_is_read_as_it_stands(typed: str) -> None:
    assert read_reason(written_reason(typed)) == typed
