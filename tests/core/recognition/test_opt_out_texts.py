"""What people write who want no more texts, and what only sounds like it: the reference's corpus, and hundreds of texts of all packs."""

from datetime import timedelta
from functools import cache

import pytest

from responder.core.contact.effects import AppointmentStatus, OpenHandOff
from responder.core.deciding.plan import Plan
from responder.core.deciding.reserved_words import STOP_BEFORE_APPOINTMENT
from responder.core.recognition.outcome import Outcome
from responder.core.rules.rules import Rules
from tests.builders import ANNA
from tests.conftest import NOON
from tests.core.recognition.opt_out_texts import Case, read_cases
from tests.planning import appointment, known, plan, rules

AMERICAN = "+12025550123"
ANSWERED = """
rules:
  - {name: confirm, when: {answer: confirm}, then: [appointment: confirm]}
  - {name: cancel, when: {answer: cancel}, then: [appointment: cancel]}
  - {name: reschedule, when: {answer: reschedule}, then: [appointment: reschedule]}
"""
REFERENCE, MORE, PEOPLE, KINDS, ANSWERS, HOSTILE, AWKWARD = (
    list(read_cases(f"{name}.txt"))
    for name in ("reference", "more", "people", "kinds", "answers", "hostile", "awkward")
)
LOOSE = {
    "no opt-out": {"nothing", "review", "help", "staff"},
    "heard": {"opt_out", "review"},
    "nothing or an answer": {"nothing", "staff", "confirm", "cancel", "reschedule"},
    "no answer": {"nothing", "staff"},
    "for a person": {"staff", "review"},
    "not cancel": {"nothing", "staff", "confirm", "reschedule"},
    "not confirm": {"nothing", "staff", "cancel", "reschedule", "review"},
}
"""What a heading allows that names more than one outcome."""


@cache
def rules_in(languages: str) -> Rules:
    return rules(ANSWERED, f"languages: [{languages.replace(' ', ', ')}]\n")


def plan_of(case: Case) -> Plan:
    """What happens because of a text, in its circumstances."""
    status = AppointmentStatus.CONFIRMED if "confirmed" in case.circumstances else AppointmentStatus.SCHEDULED
    number = AMERICAN if "from the US" in case.circumstances else ANNA
    open_appointments = (
        (appointment(originator=number, starts_at=NOON + timedelta(hours=21), status=status),)
        if case.circumstances & {"asked", "confirmed"}
        else ()
    )
    about = known(number, appointments=open_appointments, opted_out="gone" in case.circumstances)
    return plan(case.text, rules_in(case.languages), about)


def asked_for(decided: Plan) -> str:
    """What a text was taken for: what was recognised, or the answer of a rule, or a matter for the staff, or nothing."""
    reasons = [effect.reason for effect in decided.effects if isinstance(effect, OpenHandOff)]
    handed_off = [reason for reason in reasons if reason != STOP_BEFORE_APPOINTMENT]
    outcome = decided.recognition.outcome
    if outcome is Outcome.OPT_OUT and decided.recognition.lists:
        return f"opt_out of {' and '.join(decided.recognition.lists)}"
    if outcome is Outcome.OPT_OUT:
        return " and ".join([str(outcome), *handed_off])
    if outcome is not Outcome.NOTHING:
        return str(outcome)
    return decided.rule if decided.rule in {"confirm", "cancel", "reschedule"} else "staff" if handed_off else "nothing"


@pytest.mark.parametrize("case", REFERENCE, ids=str)
def test_a_text_of_the_reference_asks_for_what_it_says(case: Case) -> None:
    assert asked_for(plan_of(case)) == case.expected


@pytest.mark.parametrize("case", MORE, ids=str)
def test_a_text_asks_for_what_a_reasonable_person_reads_in_it(case: Case) -> None:
    assert asked_for(plan_of(case)) in LOOSE.get(case.expected, {case.expected})


def by_heading(cases: list[Case]) -> dict[str, list[Case]]:
    """Cases with the languages, the circumstances and the expectation that they share."""
    headings: dict[str, list[Case]] = {}
    for case in cases:
        headings.setdefault(f"{', '.join([case.languages, *sorted(case.circumstances)])}: {case.expected}", []).append(
            case
        )
    return headings


@pytest.mark.parametrize("cases", [pytest.param(cases, id=heading) for heading, cases in by_heading(PEOPLE).items()])
def test_no_text_of_everyday_is_taken_for_something_else(cases: list[Case]) -> None:
    found = {case.text: asked_for(plan_of(case)) for case in cases}
    assert {text: outcome for text, outcome in found.items() if outcome != cases[0].expected} == {}


@pytest.mark.parametrize(
    "cases", [pytest.param(cases, id=heading) for heading, cases in by_heading([*KINDS, *HOSTILE, *AWKWARD]).items()]
)
def test_what_shares_the_words_of_an_opt_out_is_none_and_what_means_one_is_heard(cases: list[Case]) -> None:
    found = {case.text: asked_for(plan_of(case)) for case in cases}
    allowed = LOOSE.get(cases[0].expected, {cases[0].expected})
    assert {text: outcome for text, outcome in found.items() if outcome not in allowed} == {}


@pytest.mark.parametrize("cases", [pytest.param(cases, id=heading) for heading, cases in by_heading(ANSWERS).items()])
def test_courtesy_names_and_smiles_make_no_answer_and_change_none(cases: list[Case]) -> None:
    found = {case.text: asked_for(plan_of(case)) for case in cases}
    assert {text: outcome for text, outcome in found.items() if outcome != cases[0].expected} == {}


def test_there_are_hundreds_of_texts_of_all_packs_and_none_twice() -> None:
    cases = [*MORE, *PEOPLE]
    languages = {language for case in cases for language in case.languages.split()}
    assert (
        len(MORE) >= 300,
        len({(case.text, case.languages, case.circumstances) for case in cases}) == len(cases),
        len(languages),
    ) == (
        True,
        True,
        9,
    )
