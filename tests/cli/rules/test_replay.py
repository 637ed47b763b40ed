"""responder replay: what another rules file would do with the messages that are stored."""

import asyncio

import pytest

from responder.core.operations.records import Source
from responder.store.base.history import RuleVersions
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.cli.test_main import on_a_terminal
from tests.conftest import NOON
from tests.worker.conftest import RULES

WIDER = RULES.replace("{text: News ON}", "{text: [News ON, News please]}")
POLITER = RULES.replace("Welcome to {{ list.title }}.", "Thank you!")


@pytest.fixture
async def told(here: Installation) -> Installation:
    """An installation that was told a few things, and files to try."""
    texts = (
        (ANNA, "news please"),
        (ANNA, "News ON"),
        (BRUNO, "News please call +39 330 123 4567"),
        (BRUNO, "NEWS, please!"),
    )
    for number, (originator, text) in enumerate(texts):
        await here.handle(inbound(text, originator, received=NOON + minutes(number)))
    for name, text in (("wider.yaml", WIDER), ("politer.yaml", POLITER), ("bad.yaml", "version: 2\n")):
        here.write(name, text)
    return here


async def test_only_what_would_change_is_told_in_groups(told: Installation) -> None:
    outcome = await run("replay", "--rules", "wider.yaml")
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines() == [
        "4 messages since 2026-11-23 13:00 through wider.yaml: 2 would be answered otherwise",
        "",
        "2 from fallback to news-on",
        '    "news please"',
    ]


async def test_other_replies_are_shown_side_by_side(told: Installation) -> None:
    lines = (await run("replay", "--rules", "politer.yaml")).out.splitlines()
    assert lines[2:] == [
        "1 by news-on with other replies",
        '    "News ON"',
        "      - Welcome to Weekly news.",
        "      + Thank you!",
    ]


async def test_the_same_file_changes_nothing(told: Installation) -> None:
    outcome = await run("replay", "--rules", "rules.yaml", "--expect-none")
    assert (outcome.code, outcome.out) == (
        0,
        "4 messages since 2026-11-23 13:00 through rules.yaml: nothing would change\n",
    )


async def test_with_expect_none_a_change_is_a_failure(told: Installation) -> None:
    assert (await run("replay", "--rules", "wider.yaml", "--expect-none")).code == 1


async def test_numbers_are_shown_only_where_they_are_asked_for(told: Installation) -> None:
    told.write("none.yaml", RULES.replace("unrecognised", "unknown"))
    for options in ([], ["--json"], ["--markdown"]):
        out = (await run("replay", "--rules", "none.yaml", *options)).out
        assert "call" in out
        assert not any(digits in out for digits in ("123", "4567", ANNA[1:], BRUNO[1:]))
    shown = (await run("replay", "--rules", "none.yaml", "--show-numbers")).out
    assert f'{BRUNO} > "News please call +39 330 123 4567"' in shown


async def test_records_have_the_groups_and_samples(told: Installation) -> None:
    record = (await run("replay", "--rules", "politer.yaml", "--json")).record
    (sample,) = record.pop("samples")
    assert record == {"before": "news-on", "after": "news-on", "changes": ["replies"], "count": 1}
    assert sample.pop("key")
    assert sample == {"text": "News ON", "replies_before": ["Welcome to Weekly news."], "replies_after": ["Thank you!"]}


async def test_records_name_the_senders_where_they_are_asked_for(told: Installation) -> None:
    record = (await run("replay", "--rules", "politer.yaml", "--json", "--show-numbers")).record
    assert record["samples"][0]["originator"] == ANNA


async def test_markdown_is_a_table_that_texts_cannot_break(here: Installation) -> None:
    await here.handle(inbound("a|b `c` @everyone [x](https://example.com)"))
    here.write("other.yaml", RULES.replace("unrecognised", "unknown"))
    lines = (await run("replay", "--rules", "other.yaml", "--markdown")).out.splitlines()
    assert lines[0] == "### What would change"
    said = "`a\\|b 'c' @everyone [x](https://example.com)`"
    state = "`- hand_off: reason unrecognised`<br>`+ hand_off: reason unknown`"
    assert lines[-1] == f"| 1 | fallback | fallback | state | {said}<br>{state} |"


async def test_since_leaves_older_messages_out(told: Installation) -> None:
    outcome = await run("replay", "--rules", "wider.yaml", "--since", "2026-11-23T12:02Z")
    assert outcome.out.startswith("2 messages since 2026-11-23 13:02 through wider.yaml: 1 would")


async def test_it_is_tried_against_the_version_that_came_into_force_last(told: Installation) -> None:
    await RuleVersions(told.store.database).keep("w", [Source(file="rules.yaml", text=WIDER)], NOON)
    assert "2 from news-on to fallback" in (await run("replay", "--rules", "rules.yaml")).out


async def test_mistakes_of_the_file_are_told(told: Installation) -> None:
    outcome = await run("replay", "--rules", "bad.yaml")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("bad.yaml:1:10: ")


async def test_two_forms_at_once_are_wrong_usage(told: Installation) -> None:
    assert (await run("replay", "--rules", "wider.yaml", "--json", "--markdown")).code == 2


async def test_without_messages_nothing_would_change(here: Installation) -> None:
    assert (await run("replay", "--rules", "rules.yaml")).out == "0 messages through rules.yaml: nothing would change\n"


async def test_nothing_is_kept_and_nothing_is_sent(told: Installation) -> None:
    before = [
        await told.work.rows(table) for table in ("messages", "contacts", "subscriptions", "steps", "consent_events")
    ]
    await run("replay", "--rules", "politer.yaml")
    assert [
        await told.work.rows(table) for table in ("messages", "contacts", "subscriptions", "steps", "consent_events")
    ] == before


async def test_a_terminal_gets_a_bar_and_the_same_words(told: Installation) -> None:
    printed = await asyncio.to_thread(on_a_terminal, "replay", "--rules", "wider.yaml")
    assert "2 from fallback to news-on" in printed
    assert "━" in printed
