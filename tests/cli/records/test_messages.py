"""responder messages."""

from datetime import UTC, datetime, timedelta

import pytest

from responder.core.sms.message import MessageStatus
from responder.store.base.locking import TOGETHER
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.conftest import NOON
from tests.going_wrong import DEATHS, fail

KEY = "abc0" * 8


async def test_a_message_has_the_fields_of_the_contract(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY, sent=NOON - minutes(1)))
    assert (await run("messages", "list", "--json")).record == {
        "key": KEY,
        "channel": "webhook",
        "originator": ANNA,
        "destination": SHOP,
        "text": "News ON",
        "folded": "news on",
        "sent_at": "2026-11-23T11:59:00Z",
        "received_at": "2026-11-23T12:00:00Z",
        "handled_at": "2026-11-23T12:00:00Z",
        "status": "handled",
        "rule": "news-on",
        "rules_hash": here.work.rules.hash,
    }


async def test_json_lists_all_messages_oldest_first(here: Installation) -> None:
    await here.store.inbox.add([inbound(f"text {number}", key=f"{number:032x}") for number in range(60)], {})
    listed = await run("messages", "list", "--json")
    assert [record["text"] for record in listed.records] == [f"text {number}" for number in range(60)]


async def test_a_person_gets_the_newest_fifty(here: Installation) -> None:
    await here.store.inbox.add([inbound(f"text {number}", key=f"{number:032x}") for number in range(60)], {})
    header, *lines = (await run("messages", "list")).out.splitlines()
    assert header.split() == ["key", "received", "from", "to", "status", "rule", "text"]
    assert [line.split()[-1] for line in lines] == [str(number) for number in range(10, 60)]


async def test_a_limit_keeps_the_newest_also_in_json(here: Installation) -> None:
    await here.store.inbox.add([inbound(f"text {number}", key=f"{number:032x}") for number in range(9)], {})
    listed = await run("messages", "list", "--json", "--limit", "2")
    assert [record["text"] for record in listed.records] == ["text 7", "text 8"]


async def test_messages_are_listed_by_originator_rule_and_status(here: Installation) -> None:
    await here.handle(inbound("News ON"), inbound("News OFF"), inbound("News ON", BRUNO))
    await here.work.receive(inbound("waits"))
    assert len((await run("messages", "list", "--json", "--from", "0039 330 1234567")).records) == 3
    assert len((await run("messages", "list", "--json", "--rule", "news-on")).records) == 2
    assert [record["text"] for record in (await run("messages", "list", "--json", "--status", "received")).records] == [
        "waits"
    ]


async def test_messages_are_listed_since_a_time(here: Installation) -> None:
    now = datetime.now(UTC)
    await here.work.receive(
        inbound("old", received=now - timedelta(days=3)), inbound("new", received=now - timedelta(hours=1))
    )
    for since in ("2d", "2h", (now - timedelta(hours=2)).isoformat()):
        assert [record["text"] for record in (await run("messages", "list", "--json", "--since", since)).records] == [
            "new"
        ]


async def test_a_time_that_is_none_is_wrong_usage(here: Installation) -> None:
    outcome = await run("messages", "list", "--since", "soon")
    assert outcome.code == 2
    assert "'soon' is no time" in outcome.err


async def test_without_messages_it_says_what_to_try(here: Installation) -> None:
    outcome = await run("messages", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert 'responder text "News ON"' in outcome.err


async def test_without_messages_json_is_silent(here: Installation) -> None:
    outcome = await run("messages", "list", "--json")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


async def test_no_text_can_command_the_terminal(here: Installation) -> None:
    await here.work.receive(inbound("a\x1b[2J\nb\u202e"))
    listed, shown = await run("messages", "list"), await run("messages", "show", "0")
    for printed in (listed.out, shown.out):
        assert "a\\x1b[2J b\\u202e" in printed
        assert "\x1b" not in printed


async def test_json_is_one_line_whatever_the_text(here: Installation) -> None:
    await here.work.receive(inbound("a\u2028b\nc\x85d"))
    outcome = await run("messages", "list", "--json")
    assert outcome.record["text"] == "a\u2028b\nc\x85d"


async def test_a_message_is_shown_with_its_explanation(here: Installation) -> None:
    await here.handle(inbound("my name is Ada", key=KEY))
    record = (await run("messages", "show", KEY[:7], "--json")).record
    listed = (await run("messages", "list", "--json")).record
    assert record == listed | {
        "language": None,
        "match": {"text": "my name is", "groups": {}, "rest": "Ada"},
        "steps": [
            {"action": "set", "name": "name", "value": "Ada"},
            {"action": "reply", "text": "Hello Ada.", "segments": 1},
        ],
        "near_misses": [],
    }


async def test_near_misses_say_why(here: Installation) -> None:
    await here.handle(inbound("yes", key=KEY))
    (miss,) = (await run("messages", "show", KEY, "--json")).record["near_misses"]
    assert (miss["rule"], miss["line"], miss["why"]) == ("yes", 25, "no appointment is open for this number")


async def test_a_person_sees_what_became_of_a_message(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    shown = (await run("messages", "show", "abc")).out
    assert f"message {KEY} came by webhook: handled 2026-11-23 13:00" in shown
    assert 'reply: text "Welcome to Weekly news.", segments 1' in shown
    assert f"reply {KEY}-1 to {ANNA}: simulated, attempts 1" in shown


async def test_a_person_sees_how_long_the_gateway_waited_for_its_answer(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    await here.work.store.inbox.add([], {KEY: 3})
    assert f"message {KEY} came by webhook, answered in 3 ms: handled" in (await run("messages", "show", KEY)).out
    assert (await run("messages", "show", KEY, "--json")).record["answer_ms"] == 3


async def test_a_message_that_waits_has_no_explanation_yet(here: Installation) -> None:
    await here.work.receive(inbound(key=KEY))
    record = (await run("messages", "show", KEY, "--json")).record
    assert (record["match"], record["steps"], record["near_misses"], record["rule"]) == (None, [], [], None)


async def test_a_superseded_message_says_so(here: Installation) -> None:
    await here.handle(inbound("News OFF", received=NOON))
    await here.handle(inbound("News ON", sent=NOON - minutes(20), received=NOON + minutes(1), key=KEY))
    assert (await run("messages", "show", KEY, "--json")).record["superseded"] is True
    assert "a newer message of the originator stands" in (await run("messages", "show", KEY)).out


async def test_a_key_that_is_not_there_is_told(here: Installation) -> None:
    for key in ("ffff", "%", "", "News ON"):
        outcome = await run("messages", "show", key)
        assert (outcome.code, outcome.out) == (1, "")
        assert "no message has the key" in outcome.err


async def test_a_beginning_of_several_keys_is_told(here: Installation) -> None:
    await here.work.receive(inbound(key="ab" * 16), inbound(key="ac" * 16))
    outcome = await run("messages", "show", "a")
    assert (outcome.code, outcome.out) == (1, "")
    assert "type more of it" in outcome.err


async def test_a_failed_message_is_received_again(here: Installation) -> None:
    await here.work.receive(inbound(key=KEY))
    await here.store.inbox.claim("worker", NOON, 10)
    await here.store.inbox.fail(KEY, "ValueError: broken", NOON)
    assert "error       ValueError: broken" in (await run("messages", "show", KEY)).out
    outcome = await run("messages", "retry", KEY)
    assert outcome.code == 0
    assert "a running worker takes it up" in outcome.out
    (claimed,) = await here.store.inbox.claim("worker", NOON, 10)
    assert (claimed[0].key, claimed[1]) == (KEY, 0)


async def test_a_message_received_again_has_no_error_any_more(here: Installation) -> None:
    await here.work.receive(inbound(key=KEY))
    await here.store.inbox.fail(KEY, "ValueError: broken", NOON)
    await run("messages", "retry", KEY)
    record = (await run("messages", "show", KEY, "--json")).record
    assert (record["status"], record["handled_at"], "error" in record) == ("received", None, False)


async def test_a_malformed_message_is_received_with_what_it_lacked(here: Installation) -> None:
    await here.work.receive(inbound("News ON", "", key=KEY, status=MessageStatus.MALFORMED))
    assert (await run("messages", "retry", KEY, "--from", "0039 330 1234567")).code == 0
    await here.handle()
    record = (await run("messages", "list", "--json")).record
    assert (record["originator"], record["status"], record["rule"]) == (ANNA, "handled", "news-on")


async def test_a_malformed_message_is_not_received_without_what_it_lacks(here: Installation) -> None:
    await here.work.receive(inbound("News ON", "", key=KEY, status=MessageStatus.MALFORMED))
    outcome = await run("messages", "retry", KEY)
    assert outcome.code == 1
    assert "give it with --from" in outcome.err


async def test_what_a_message_came_with_is_not_changed(here: Installation) -> None:
    await here.work.receive(inbound(key=KEY))
    await here.store.inbox.fail(KEY, "ValueError: broken", NOON)
    outcome = await run("messages", "retry", KEY, "--from", BRUNO)
    assert outcome.code == 1
    assert "it has its own originator, leave --from out" in outcome.err


async def test_a_handled_message_is_not_received_again(here: Installation) -> None:
    await here.handle(inbound(key=KEY))
    outcome = await run("messages", "retry", KEY)
    assert outcome.code == 1
    assert "it is handled" in outcome.err


async def test_all_failed_messages_are_received_again_and_counted(here: Installation) -> None:
    await fail(here.store, "ValueError: broken", *DEATHS)
    outcome = await run("messages", "retry", "--status", "failed")
    assert (outcome.code, outcome.out) == (
        0,
        "3 messages wait again: a running worker takes up what waits within seconds\n",
    )
    await here.handle()
    assert {record["status"] for record in (await run("messages", "list", "--json")).records} == {"handled"}


async def test_they_are_printed_as_records_for_programs_oldest_first(here: Installation) -> None:
    await fail(here.store, "ValueError: broken", *DEATHS)
    keys = [record["key"] for record in (await run("messages", "list", "--json")).records]
    outcome = await run("messages", "retry", "--status", "failed", "--json")
    assert [(record["key"], record["status"]) for record in outcome.records] == [(key, "received") for key in keys]


async def test_where_none_is_failed_that_is_said(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    outcome = await run("messages", "retry", "--status", "failed")
    assert (outcome.code, outcome.out) == (0, "no message is failed that could be received again\n")
    assert (await run("messages", "retry", "--status", "failed", "--json")).out == ""


async def test_one_message_received_again_is_printed_as_a_record(here: Installation) -> None:
    await here.work.receive(inbound(key=KEY))
    await here.store.inbox.fail(KEY, "ValueError: broken", NOON)
    record = (await run("messages", "retry", KEY, "--json")).record
    assert (record["key"], record["status"]) == (KEY, "received")


@pytest.mark.parametrize(
    "arguments", [[], [KEY, "--status", "failed"], ["--status", "handled"], ["--status", "failed", "--text", "News ON"]]
)
async def test_what_to_receive_again_has_to_be_clear(here: Installation, arguments: list[str]) -> None:
    del here
    assert (await run("messages", "retry", *arguments)).code == 2


async def test_more_than_a_page_of_failed_messages_are_all_received_again(here: Installation) -> None:
    await fail(here.store, *["ValueError: broken"] * (TOGETHER + 1))
    assert (await run("messages", "retry", "--status", "failed")).out.startswith(f"{TOGETHER + 1} messages wait again")


async def test_a_filter_by_number_reads_it_as_every_command_does(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    assert (await run("messages", "list", "--from", "330 123 4567", "--json")).record["key"] == KEY


async def test_messages_are_narrowed_to_a_day_a_list_and_what_no_rule_met(here: Installation) -> None:
    await here.handle(inbound("News ON"), inbound("what?", BRUNO))
    for option, texts in (
        (("--day", "2026-11-23"), ["News ON", "what?"]),
        (("--day", "2026-11-22"), []),
        (("--list", "news"), ["News ON"]),
        (("--unmatched",), ["what?"]),
    ):
        assert [record["text"] for record in (await run("messages", "list", *option, "--json")).records] == texts
