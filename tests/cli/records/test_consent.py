"""responder consent, and responder subscribers where it changes something."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from responder.store.base.tables import consent_events
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.conftest import NOON

CONSENT_FIELDS = [
    "seq", "originator", "list", "event", "at", "recorded_at", "channel", "text", "rule", "message_key", "confirmation_key",
    "hash", "previous_hash",
]  # fmt: skip
HEADER = "originator,list,status,since,language,evidence\n"


async def imported(here: Installation, text: str, *options: str) -> tuple[int, list[str], list[str]]:
    outcome = await run("subscribers", "import", here.write("people.csv", text), *options)
    return outcome.code, outcome.out.splitlines(), outcome.err.splitlines()


async def lists() -> dict[str, str]:
    return {record["originator"]: record["status"] for record in (await run("subscribers", "list", "--json")).records}


async def test_an_event_has_the_fields_of_the_contract(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    record = (await run("consent", "show", ANNA, "--json")).record
    assert list(record)[: len(CONSENT_FIELDS)] == CONSENT_FIELDS
    assert (record["event"], record["list"], record["text"], record["wording"]) == (
        "opt_in",
        "news",
        "News ON",
        "Welcome to Weekly news.",
    )


async def test_a_number_is_understood_as_people_write_it(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    assert (await run("consent", "show", "+39 330 123 4567", "--json")).record["originator"] == ANNA


async def test_as_of_leaves_out_what_came_later(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    here.work.clock.advance(minutes=10)
    await here.handle(inbound("STOP", received=NOON + minutes(10)))
    shown = await run("consent", "show", ANNA, "--json", "--as-of", "2026-11-23T12:05:00Z")
    assert [record["event"] for record in shown.records] == ["opt_in"]


async def test_as_of_says_how_a_number_stood_then(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    here.work.clock.advance(minutes=10)
    await here.handle(inbound("STOP", received=NOON + minutes(10)), inbound("START", received=NOON + minutes(11)))
    lines = (await run("consent", "show", ANNA, "--as-of", "2026-11-23T12:05:00Z")).out.splitlines()
    assert lines[lines.index("stood then: 1") + 1] == "  news  subscribed  2026-11-23 13:00"


async def test_all_that_is_known_is_told_as_json_too(here: Installation) -> None:
    await here.handle(inbound("my name is Anna"), inbound("News ON"), inbound("STOP", received=NOON + minutes(1)))
    records = (await run("consent", "show", ANNA, "--json", "--everything")).records
    kinds = [record["record"] for record in records]
    assert list(dict.fromkeys(kinds)) == ["consent", "contact", "lists", "messages", "deliveries"]
    assert records[kinds.index("contact")] == {
        "record": "contact",
        "originator": ANNA,
        "language": None,
        "fields": {"name": "Anna"},
        "opted_out_since": "2026-11-23T12:01:00Z",
    }


async def test_everything_is_for_programs_and_of_today(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    assert (await run("consent", "show", ANNA, "--everything")).code == 2
    assert (await run("consent", "show", ANNA, "--everything", "--json", "--as-of", "1d")).code == 2


async def test_what_a_rule_has_set_is_shown(here: Installation) -> None:
    await here.handle(inbound("my name is Anna"))
    lines = (await run("consent", "show", ANNA)).out.splitlines()
    assert lines[lines.index("contact: 1") + 1] == f"  originator {ANNA}, name Anna"


async def test_a_person_sees_all_that_is_known(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    out = (await run("consent", "show", ANNA)).out
    for title in ("consent: 1", "lists: 1", "appointments: none", "messages: 1", "deliveries: 2"):
        assert title in out


async def test_a_person_reads_lines_and_no_records(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    lines = [line.strip() for line in (await run("consent", "show", ANNA)).out.splitlines()]
    assert lines[lines.index("lists: 1") + 1] == "news  subscribed  2026-11-23 13:00"
    assert lines[lines.index("messages: 1") + 1] == "2026-11-23 13:00  handled  news-on  News ON"
    assert lines[lines.index("deliveries: 2") + 1] == f"reply    {ANNA}  simulated  Welcome to Weekly news."


async def test_a_hand_off_is_a_line_without_the_text_that_stands_among_the_messages(here: Installation) -> None:
    await here.handle(inbound("I want you to stop"))
    lines = [line.strip() for line in (await run("consent", "show", ANNA)).out.splitlines()]
    assert lines[lines.index("handoffs: 1") + 1] == "2026-11-23 13:00  open  may want no more texts"


async def test_a_number_that_nothing_is_known_of_is_said_to_be_so(here: Installation) -> None:
    assert here
    outcome = await run("consent", "show", BRUNO)
    assert outcome.code == 0
    assert (f"nothing is known of {BRUNO}" in outcome.err, outcome.out) == (True, "")


async def test_a_whole_chain_is_said_to_be_whole(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    outcome = await run("consent", "verify")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "1 event, the chain is whole")


async def test_a_verification_goes_on_from_the_head_of_one_before(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    head = (await run("consent", "verify")).out.split()[-1]
    await here.handle(inbound("STOP", received=NOON + minutes(1)))
    outcome = await run("consent", "verify", "--after", head)
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "3 events from 1 on, the chain is whole")


async def test_a_head_that_the_ledger_never_had_is_refused_and_one_that_is_none(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    other = await run("consent", "verify", "--after", f"1:{'a' * 64}")
    assert (other.code, "event 1: it has not the hash" in other.err) == (1, True)
    assert (await run("consent", "verify", "--after", "yesterday")).code == 2


async def test_a_changed_event_is_told_with_its_place(here: Installation) -> None:
    await here.handle(inbound("News ON"), inbound("STOP", received=NOON + minutes(1)))
    async with here.store.database.write() as connection:
        await connection.execute(update(consent_events).where(consent_events.c.seq == 2).values(event="opt_in"))
    outcome = await run("consent", "verify")
    assert outcome.code == 1
    assert outcome.err.startswith("event 2: it was changed: its hash does not fit its fields\n")


@pytest.mark.parametrize("name", ["consent.csv", "consent.jsonl"])
async def test_an_export_is_signed_and_a_changed_one_is_found(here: Installation, name: str) -> None:
    await here.handle(inbound("News ON"), inbound("Offers ON", BRUNO))
    assert (await run("consent", "export", name)).out == f"{name}: 2 events, signed in {name}.sig\n"
    assert (await run("consent", "verify", name)).code == 0
    path = here.folder / name
    path.write_text(path.read_text().replace(ANNA, BRUNO))
    outcome = await run("consent", "verify", name)
    assert (outcome.code, "it was changed" in outcome.err) == (1, True)


async def test_an_export_can_be_of_one_list(here: Installation) -> None:
    await here.handle(inbound("News ON"), inbound("Offers ON", BRUNO))
    await run("consent", "export", "offers.jsonl", "--list", "offers")
    (line,) = (here.folder / "offers.jsonl").read_text().splitlines()
    assert json.loads(line)["originator"] == BRUNO


async def test_an_export_of_another_kind_is_refused(here: Installation) -> None:
    assert here.port
    assert (await run("consent", "export", "consent.xlsx")).code == 2


async def test_an_erased_number_is_gone(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    assert (await run("consent", "erase", ANNA, "--yes")).code == 0
    assert (await run("consent", "show", ANNA, "--json")).records == []
    assert (await run("messages", "list", "--json")).record["text"] == ""
    assert (await run("consent", "verify")).code == 0


async def test_subscribers_are_exported_as_they_are_imported(here: Installation) -> None:
    await here.handle(
        inbound("News ON"), inbound("News ON", BRUNO), inbound("News OFF", BRUNO, received=NOON + minutes(1))
    )
    text = (await run("subscribers", "export")).out
    assert text.splitlines()[0] == HEADER.strip()
    code, out, _ = await imported(here, text, "--no-evidence", "from our own export")
    assert (code, out) == (0, ["people.csv: 2 subscribers, 0 new, 0 changed, 2 unchanged, 0 left out"])


async def test_an_import_puts_people_on_lists(here: Installation) -> None:
    code, out, _ = await imported(
        here, HEADER + f"{ANNA},news,subscribed,2026-01-02,it,web form\n330 765 4321,offers,,,,fair\n"
    )
    assert (code, out) == (0, ["people.csv: 2 subscribers, 2 new, 0 changed, 0 unchanged, 0 left out"])
    records = (await run("subscribers", "list", "--json")).records
    assert [(r["originator"], r["list"], r["status"], r["language"]) for r in records] == [
        (ANNA, "news", "subscribed", "it"),
        (BRUNO, "offers", "subscribed", None),
    ]


async def test_whoever_opted_out_is_left_out_and_told_by_line(here: Installation) -> None:
    await here.handle(inbound("STOP"))
    code, out, err = await imported(here, HEADER + f"{BRUNO},news,,,,form\n{ANNA},news,,,,form\n")
    assert (code, out) == (0, ["people.csv: 2 subscribers, 1 new, 0 changed, 0 unchanged, 1 left out"])
    assert err[0].startswith("people.csv:3: left out, the number has opted out")
    assert err[0].endswith("'responder consent correct' takes it back")
    assert ANNA not in await lists()


async def test_every_wrong_line_is_told_and_nothing_is_imported(here: Installation) -> None:
    text = (
        HEADER
        + f"123,news,,,,form\n{ANNA},nwes,,,,form\n{ANNA},news,maybe,,,form\n{ANNA},news,,soon,,form\n{ANNA},news,,,,\n{BRUNO},news,,,,form\n"
    )
    code, out, err = await imported(here, text)
    assert (code, out, await lists()) == (1, [], {})
    assert [line.split(": ")[0] for line in err] == [*(f"people.csv:{n}" for n in (2, 3, 4, 5, 6)), "people.csv"]
    assert "did you mean 'news'?" in err[1]
    assert "--no-evidence REASON" in err[4]


async def test_a_dry_run_says_what_would_happen(here: Installation) -> None:
    code, out, _ = await imported(here, HEADER + f"{ANNA},news,,,,form\n", "--dry-run")
    assert (code, out[-1], await lists()) == (
        0,
        "people.csv: 1 subscriber, 1 new, 0 changed, 0 unchanged, 0 left out (dry run, nothing was changed)",
        {},
    )


async def test_a_number_is_added_and_removed_by_hand(here: Installation) -> None:
    assert here.folder == Path.cwd()
    assert (
        await run("subscribers", "add", ANNA, "news", "--evidence", "by phone")
    ).out == f"{ANNA} is now subscribed: news\n"
    assert (await run("subscribers", "remove", ANNA, "news")).out == f"{ANNA} is now unsubscribed: news\n"
    refused = await run("subscribers", "add", ANNA, "news", "--evidence", "by phone")
    assert (refused.code, "has opted out" in refused.err) == (1, True)


async def test_a_number_removed_from_everything_is_texted_no_more(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    assert (await run("subscribers", "remove", ANNA)).out == f"{ANNA} is opted out now\n"
    assert await lists() == {ANNA: "unsubscribed"}


async def test_an_unknown_list_is_told(here: Installation) -> None:
    assert here.port
    outcome = await run("subscribers", "add", ANNA, "nwes", "--evidence", "x")
    assert (outcome.code, outcome.err) == (1, "unknown list 'nwes', did you mean 'news'?\n")


async def test_recent_lists_opt_outs_by_a_phrase_with_their_text(here: Installation) -> None:
    await here.handle(inbound("please stop texting me"), inbound("STOP", originator=BRUNO))
    found = (await run("consent", "recent", "--json")).records
    assert [(record["originator"], record["text"]) for record in found] == [(ANNA, "please stop texting me")]
    assert "please stop texting me" in (await run("consent", "recent")).out


async def test_correct_takes_such_an_opt_out_back_and_a_stop_never(here: Installation) -> None:
    await here.handle(inbound("please stop texting me"), inbound("STOP", originator=BRUNO))
    outcome = await run("consent", "correct", ANNA, "--reason", "she meant bills")
    assert (outcome.code, outcome.out) == (
        0,
        f"{ANNA} may be texted again\n",
    )
    refused = await run("consent", "correct", BRUNO, "--reason", "she meant bills")
    assert (refused.code, "only its own START brings it back" in refused.err) == (1, True)
    assert (await run("consent", "recent", "--json")).records[0]["text"] == "please stop texting me"


async def test_a_slip_of_a_person_is_taken_back_with_a_reason(here: Installation) -> None:
    assert here
    await run("subscribers", "add", ANNA, "news", "--evidence", "form")
    await run("subscribers", "remove", ANNA, "news", "--yes")
    outcome = await run("consent", "correct", "330 123 4567", "--reason", "another Anna", "--yes")
    assert outcome.out == f"{ANNA} may be texted again, and is on these lists again: news\n"
    assert (await run("subscribers", "list", "--json")).record["status"] == "subscribed"


async def test_a_correction_without_a_reason_is_wrong_usage(here: Installation) -> None:
    assert here
    assert (await run("consent", "correct", ANNA, "--yes")).code == 2
