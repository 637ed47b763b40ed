"""responder explain."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder.wiring import utc_now
from tests.builders import ANNA, SHOP, inbound
from tests.cli.conftest import Installation, run
from tests.worker.conftest import RULES

SOON = "id,originator,starts_at\na1,+393301234567,2026-12-01T10:00\n"


async def test_an_explanation_has_the_fields_of_the_contract(here: Installation) -> None:
    record = (
        await run("explain", "News, ON!", "--from", ANNA, "--to", SHOP, "--at", "2026-11-23T13:00", "--json")
    ).record
    assert record == {
        "key": "0" * 32,
        "channel": "webhook",
        "originator": ANNA,
        "destination": SHOP,
        "text": "News, ON!",
        "folded": "news on",
        "sent_at": None,
        "received_at": "2026-11-23T12:00:00Z",
        "handled_at": None,
        "status": "received",
        "rule": "news-on",
        "rules_hash": here.work.rules.hash,
        "language": None,
        "match": {"text": "news on", "groups": {}, "rest": ""},
        "steps": [
            {"action": "subscribe", "list": "news"},
            {"action": "reply", "text": "Welcome to Weekly news.", "segments": 1},
            {"action": "webhook", "to": "crm", "data": {}},
        ],
        "near_misses": [],
    }


async def test_a_person_is_told_the_rule_with_its_line_and_what_follows(here: Installation) -> None:
    told = (await run("explain", "my name is Ada")).out
    line = next(rule.line for rule in here.work.rules.rules if rule.name == "name")
    assert f"rule        name (line {line})" in told
    assert 'reply: text "Hello Ada.", segments 1' in told


async def test_what_nearly_applied_is_told_with_the_reason(here: Installation) -> None:
    line = next(rule.line for rule in here.work.rules.rules if rule.name == "yes")
    assert f"near misses yes (line {line}): no appointment is open for this number" in (await run("explain", "yes")).out


async def test_the_stored_state_counts(here: Installation) -> None:
    await run("appointments", "import", here.write("visits.csv", SOON))
    explained = await run("explain", "yes", "--from", ANNA, "--at", "2026-11-30T12:00", "--json")
    assert explained.record["rule"] == "yes"


async def test_clean_forgets_the_stored_state(here: Installation) -> None:
    await run("appointments", "import", here.write("visits.csv", SOON))
    explained = await run("explain", "yes", "--from", ANNA, "--at", "2026-11-30T12:00", "--clean", "--json")
    assert (explained.record["rule"], explained.err) == ("fallback", "")


async def test_a_word_older_than_what_stands_is_explained_as_superseded(here: Installation) -> None:
    await here.handle(inbound("News OFF", received=utc_now()))
    before = (utc_now() - timedelta(hours=1)).isoformat()
    assert (await run("explain", "News ON", "--from", ANNA, "--at", before, "--json")).record["superseded"] is True


async def test_nothing_is_kept_and_nothing_is_sent(here: Installation) -> None:
    await run("explain", "News ON", "--from", ANNA)
    for group in ("messages", "subscribers", "deliveries"):
        assert (await run(group, "list", "--json")).out == ""


async def test_another_file_of_rules_can_be_asked(here: Installation) -> None:
    here.write("new.yaml", "version: 1\nrules:\n  - {name: hello, when: {text: hello}, then: [reply: Hi.]}\n")
    assert (await run("explain", "Hello", "--rules", "new.yaml", "--json")).record["rule"] == "hello"


async def test_without_a_database_it_explains_and_says_so(folder: Path) -> None:
    outcome = await run("explain", "News ON", "--json")
    assert (outcome.code, outcome.record["rule"]) == (0, "news-on")
    assert "there is no database yet" in outcome.err
    assert not (folder / "data").exists()


async def test_a_time_that_is_none_is_wrong_usage(here: Installation) -> None:
    outcome = await run("explain", "News ON", "--at", "noon")
    assert outcome.code == 2
    assert "'noon' is no time" in outcome.err


@pytest.mark.parametrize(
    ("typed", "read"), [("330 123 4567", ANNA), (ANNA, ANNA), ("48383", "48383"), ("AcmeBank", "AcmeBank")]
)
async def test_the_sender_is_read_as_by_every_command(here: Installation, typed: str, read: str) -> None:
    assert (await run("explain", "news on", "--from", typed, "--json")).record["originator"] == read


async def test_a_number_that_is_none_is_refused(here: Installation) -> None:
    outcome = await run("explain", "news on", "--from", "+39 330 123 4567 8901")
    assert (outcome.code, "too many or too few digits" in outcome.err) == (2, True)


async def test_without_a_destination_it_is_the_first_number_of_the_file(here: Installation) -> None:
    numbered = here.write("numbers.yaml", f"{RULES}numbers: {{+393331234333: {{prefix: ROSSI}}}}\n")
    explained = await run("explain", "news on", "--rules", numbered, "--json")
    assert (explained.record["destination"], explained.record["rule"]) == ("+393331234333", "news-on")
