"""Each pack, as an empty folder gets it: right, tried throughout, and safe to run."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from responder.core.rehearsal.trials import coverage, percent, try_all
from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from responder.rulefile.reading.places import placed_sources
from responder.rulefile.warnings import warnings_of
from responder.settings.exposure import check_exposure
from responder.settings.model import load_settings
from responder.starting import (
    APPOINTMENTS,
    EDITOR,
    RULES,
    SCHEMA,
    SETTINGS,
    Pack,
    PackLanguage,
    made_secrets,
    pack_files,
)
from tests.planning import plan

KEY = "RESPONDER_AGILE_API_KEY"
PACKS = [(pack, language) for pack in Pack for language in PackLanguage]
DAYS = [date(2026, 11, 30), date(2028, 2, 26)]  # a Monday, and a Saturday before a leap day and a change of clocks
each_pack = pytest.mark.parametrize(("pack", "language"), PACKS)


def files_of(pack: Pack, language: PackLanguage, today: date = DAYS[0]) -> dict[str, str]:
    made = pack_files(pack, language, today, made_secrets() | {"gateway_key": KEY}, "{}")
    return {file.name: file.text for file in made}


def variables_of(settings: str) -> dict[str, str]:
    lines = (line for line in settings.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@cache
def rules_of(pack: Pack, language: PackLanguage, today: date) -> Rules:
    files = files_of(pack, language, today)
    return read_rules(files[RULES], RULES, variables_of(files[SETTINGS]))


@each_pack
@pytest.mark.parametrize("today", DAYS)
def test_the_rules_of_a_pack_deserve_no_warning(pack: Pack, language: PackLanguage, today: date) -> None:
    rules = rules_of(pack, language, today)
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    assert list(warnings_of(rules, placed_sources(rules), noon)) == []


@each_pack
@pytest.mark.parametrize(("days", "hour"), [(0, 11), (6, 3), (45, 11)])  # a Sunday night, and the day of the event
def test_every_rule_is_tried_and_every_test_passes_at_any_time(
    pack: Pack, language: PackLanguage, days: int, hour: int
) -> None:
    rules = rules_of(pack, language, DAYS[0])
    now = datetime(2026, 11, 30, hour, tzinfo=UTC) + timedelta(days=days)
    outcomes = list(try_all(rules, now))
    assert [(outcome.line, outcome.name) for outcome in outcomes if not outcome.passed] == []
    assert percent(coverage(rules, outcomes)) == 100.0


@each_pack
def test_the_settings_of_a_pack_are_good_enough_for_an_address_that_others_reach(
    pack: Pack, language: PackLanguage
) -> None:
    variables = variables_of(files_of(pack, language)[SETTINGS])
    check_exposure(load_settings({**variables, "RESPONDER_HOST": "0.0.0.0"}))  # noqa: S104  (nothing listens)


@each_pack
def test_only_what_has_a_pack_name_stands_in_its_settings(pack: Pack, language: PackLanguage) -> None:
    assert f"# {KEY}=" in files_of(pack, language)[SETTINGS].splitlines()


@each_pack
def test_no_value_of_a_pack_is_left_unfilled(pack: Pack, language: PackLanguage) -> None:
    assert [name for name, text in files_of(pack, language).items() if "<<" in text] == []


@pytest.mark.parametrize("pack", Pack)
def test_a_pack_has_the_same_files_in_every_language(pack: Pack) -> None:
    english, italian = (files_of(pack, language) for language in PackLanguage)
    assert list(english) == list(italian)


def test_only_a_pack_with_appointments_has_a_sample_of_them() -> None:
    with_sample = {pack for pack in Pack if APPOINTMENTS in files_of(pack, PackLanguage.EN)}
    assert with_sample == {Pack.CLINIC}
    assert {RULES, SETTINGS, EDITOR, SCHEMA} <= files_of(Pack.SHOP, PackLanguage.EN).keys()


def test_the_appointments_of_the_sample_are_on_working_days_to_come() -> None:
    saturday = date(2026, 12, 5)
    rows = files_of(Pack.CLINIC, PackLanguage.IT, saturday)[APPOINTMENTS].splitlines()[1:]
    days = {date.fromisoformat(row.split(",")[2][:10]) for row in rows}
    assert days == {date(2026, 12, 8), date(2026, 12, 9)}


@pytest.mark.parametrize("today", [date(2026, 11, 30) + timedelta(days=day) for day in range(7)])
def test_no_reminder_of_the_sample_is_late_already_at_whatever_hour_it_is_made(today: date) -> None:
    rows = files_of(Pack.CLINIC, PackLanguage.IT, today)[APPOINTMENTS].splitlines()[1:]
    a_day_before = [date.fromisoformat(row.split(",")[2][:10]) - timedelta(days=1) for row in rows]
    assert min(a_day_before) > today


def test_secrets_are_made_anew_each_time() -> None:
    first, second = made_secrets(), made_secrets()
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


TEXTED = {
    (Pack.SHOP, PackLanguage.EN): {"are u open sunday": "hours", "My order number is 12345": "order"},
    (Pack.SHOP, PackLanguage.IT): {"aprite domenica?": "orari", "ordine num. 4455667": "ordine"},
    (Pack.NEWSLETTER, PackLanguage.EN): {"News": "news-on", "sign me up!": "news-on"},
    (Pack.NEWSLETTER, PackLanguage.IT): {"mi iscrivo": "news-on", "News": "news-on"},
    (Pack.EVENT, PackLanguage.EN): {
        "We're coming!": "register",
        "sorry, can't make it": "not-coming",
        "when is it?": "programme",
    },
    (Pack.EVENT, PackLanguage.IT): {
        "Veniamo!": "iscrizione",
        "scusate, non posso venire": "rinuncia",
        "quando è?": "programma",
    },
}


@pytest.mark.parametrize(("pack", "language"), TEXTED)
def test_a_text_as_people_write_it_reaches_its_rule(pack: Pack, language: PackLanguage) -> None:
    sunday = datetime(2026, 12, 6, 3, tzinfo=UTC)
    rules = rules_of(pack, language, DAYS[0])
    reached = {text: plan(text, rules, at=sunday).rule for text in TEXTED[pack, language]}
    assert reached == TEXTED[pack, language]
