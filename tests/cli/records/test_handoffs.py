"""responder handoffs: as a person types it."""

import pytest

from responder.cli.terminal.session import operator_name
from responder.core.contact.effects import StepKind
from tests.builders import ANNA, SHOP, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.conftest import NOON
from tests.worker.conftest import RULES

DOUBTFUL, KEY, OTHER = "I want you to stop", "abc0" * 8, "abd0" * 8


async def test_a_hand_off_is_listed_with_all_that_a_person_needs(here: Installation) -> None:
    await here.handle(inbound(DOUBTFUL, key=KEY))
    assert (await run("handoffs", "list", "--json")).record == {
        "key": KEY,
        "originator": ANNA,
        "destination": SHOP,
        "reason": "may want no more texts",
        "opened_at": "2026-11-23T12:00:00Z",
        "status": "open",
        "done_at": None,
        "by": None,
        "note": None,
        "message": {
            "key": KEY,
            "originator": ANNA,
            "destination": SHOP,
            "text": DOUBTFUL,
            "sent_at": None,
            "received_at": "2026-11-23T12:00:00Z",
            "channel": "webhook",
        },
        "appointment": None,
        "text": DOUBTFUL,
        "holds_marketing": True,
        "pauses_until": None,
        "later_texts": 0,
        "answered_at": None,
        "in_hand_by": None,
        "in_hand_since": None,
    }


async def test_where_nothing_waits_it_says_so(here: Installation) -> None:
    for arguments in (("list",), ("list", "--all")):
        outcome = await run("handoffs", *arguments)
        assert (outcome.code, outcome.out) == (0, "")
        assert "hand_off" in outcome.err


async def test_what_is_done_is_listed_only_where_it_is_asked_for(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    assert (await run("handoffs", "done", KEY[:6], "--note", "called back")).out == f"hand-off {KEY} is done\n"
    assert (await run("handoffs", "list", "--json")).records == []
    record = (await run("handoffs", "list", "--all", "--json")).record
    assert (record["note"], bool(record["by"]), bool(record["done_at"])) == ("called back", True, True)
    assert record["status"] == "done"
    assert "called back" not in (await run("handoffs", "list", "--all")).out


async def test_done_tells_what_follows(here: Installation) -> None:
    await here.handle(inbound(DOUBTFUL, key=KEY), inbound(DOUBTFUL, key=OTHER, received=NOON + minutes(1)))
    first = (await run("handoffs", "done", KEY)).out
    assert (
        first == f"hand-off {KEY} is done; marketing is still held back by 1 more of {ANNA}; 1 more of {ANNA} is open\n"
    )
    assert (await run("handoffs", "done", OTHER)).out == f"hand-off {OTHER} is done; {ANNA} gets marketing again\n"


async def test_done_with_an_opt_out(here: Installation) -> None:
    await here.handle(inbound("News ON", received=NOON - minutes(5)), inbound(DOUBTFUL, key=KEY))
    assert (await run("handoffs", "done", KEY, "--opt-out")).out == f"hand-off {KEY} is done; {ANNA} is opted out\n"
    assert (await run("subscribers", "list", "--json")).record["status"] == "unsubscribed"
    told = [event["event"] for event in (await run("consent", "show", ANNA, "--json")).records]
    assert told == ["opt_in", "review_opened", "opt_out", "opt_out", "review_closed"]


async def test_an_opt_out_needs_no_rules_file(here: Installation) -> None:
    await here.handle(inbound(DOUBTFUL, key=KEY))
    here.write("rules.yaml", "version: 2\n")
    outcome = await run("handoffs", "done", KEY, "--opt-out")
    assert (outcome.code, "no webhook is told" in outcome.err) == (0, True)


async def test_done_twice_is_no(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    await run("handoffs", "done", KEY)
    outcome = await run("handoffs", "done", KEY)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"hand-off {KEY}: ")
    assert "closed it at" in outcome.err


@pytest.mark.parametrize("command", [("show",), ("done",), ("reply", "Hello")])
@pytest.mark.parametrize(
    ("key", "why"),
    [("ff", "no hand-off has the key 'ff'"), ("ab", "begin with 'ab'"), ("x%", "no hand-off has the key")],
)
async def test_a_key_that_names_none_or_several_is_told(
    here: Installation, command: tuple[str, ...], key: str, why: str
) -> None:
    await here.handle(inbound("what?", key=KEY), inbound("how?", key=OTHER))
    outcome = await run("handoffs", command[0], key, *command[1:])
    assert (outcome.code, outcome.out) == (1, "")
    assert why in outcome.err


async def test_a_reply_is_listed_among_the_deliveries_with_who_wrote_it(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    outcome = await run("handoffs", "reply", KEY, "We open at 9.")
    assert outcome.out == f"delivery {KEY}-h1 to {ANNA} is queued: a running worker sends it within seconds\n"
    await here.simulate()
    record = (await run("deliveries", "list", "--json")).record
    assert (record["key"], record["kind"], record["text"], record["to"]) == (
        f"{KEY}-h1",
        "reply",
        "We open at 9.",
        ANNA,
    )
    assert record["operator"]


async def test_a_second_enter_sends_nothing_more(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    await run("handoffs", "reply", KEY, "We open at 9.")
    again = await run("handoffs", "reply", KEY, "We open at 9.")
    assert (again.code, again.out) == (0, "")
    assert "nothing more is sent" in again.err
    assert len(await here.store.steps.claim(StepKind.REPLY, "w", NOON + minutes(10**8), 10)) == 1


async def test_a_long_text_is_refused_with_what_it_takes(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    outcome = await run("handoffs", "reply", KEY, "ș" * 250)
    assert outcome.code == 2
    assert "4 segments" in outcome.err
    assert "--max-segments 4" in outcome.err
    assert (await run("handoffs", "reply", KEY, "ș" * 250, "--max-segments", "4")).code == 0
    assert (await run("handoffs", "reply", KEY, "  ")).code == 2


@pytest.mark.parametrize(("originator", "why"), [("AcmeBank", "no international number"), (SHOP, "a number of ours")])
async def test_who_cannot_be_answered_is_told(here: Installation, originator: str, why: str) -> None:
    await here.handle(inbound("what?", originator, key=KEY))
    outcome = await run("handoffs", "reply", KEY, "Hello")
    assert (outcome.code, why in outcome.err) == (1, True)


async def test_who_said_stop_is_not_written_to(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY), inbound("STOP", received=NOON + minutes(1)))
    outcome = await run("handoffs", "reply", KEY, "Hello")
    assert (outcome.code, outcome.err) == (
        1,
        f"hand-off {KEY}: the originator opted out, so no text may go there before the number says START\n",
    )


async def test_all_that_is_known_of_a_number_has_its_hand_offs(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY))
    assert "handoffs: 1\n" in (await run("consent", "show", ANNA)).out


async def test_show_has_the_conversation(here: Installation) -> None:
    await here.handle(inbound("what?", key=KEY), inbound("hello?", key=OTHER, received=NOON + minutes(1)))
    await run("handoffs", "reply", KEY, "We open at 9.")
    shown = (await run("handoffs", "show", KEY)).out
    assert [
        word for word in ("unrecognised", "what?", "> hello?", "< We open at 9. (queued)") if word not in shown
    ] == []
    assert (await run("handoffs", "show", KEY, "--json")).record["later_texts"] == 1


async def test_explain_tells_of_a_conversation_that_a_person_has(here: Installation) -> None:
    rules = RULES.replace("hand_off: unrecognised", "hand_off: {reason: unrecognised, pause: 24h}")
    here.write("rules.yaml", rules)
    from responder.rulefile import read_rules

    here.work.rules = read_rules(rules, "rules.yaml", {})
    await here.handle(inbound("what?"))
    explained = (await run("explain", "News ON", "--from", ANNA, "--at", "2026-11-23T20:00", "--json")).record
    assert (explained["rule"], "a person has the conversation" in explained["near_misses"][0]["why"]) == (None, True)


async def test_subscribers_tell_who_is_under_review(here: Installation) -> None:
    await here.handle(inbound("News ON", received=NOON - minutes(5)), inbound(DOUBTFUL, key=KEY))
    assert (await run("subscribers", "list", "--json")).record["under_review_since"] == "2026-11-23T12:00:00Z"
    exported = (await run("subscribers", "export")).out.splitlines()
    assert exported == [
        "originator,list,status,since,language,evidence,under_review_since",
        f"{ANNA},news,subscribed,2026-11-23 12:55,,text 'News ON' of 2026-11-23T11:55:00Z,2026-11-23 13:00",
    ]
    here.write("people.csv", "\n".join(exported))
    assert (await run("subscribers", "import", "people.csv")).out.startswith("people.csv: 1 subscriber, 0 new")
    await run("handoffs", "done", KEY)
    assert "under_review_since" not in (await run("subscribers", "list", "--json")).record


async def test_a_list_says_what_was_answered_already(here: Installation) -> None:
    await here.handle(inbound(DOUBTFUL, key=KEY))
    assert (await run("handoffs", "list", "--json")).record["answered_at"] is None
    await run("handoffs", "reply", KEY, "We call you.")
    answered = (await run("handoffs", "list", "--json")).record
    assert answered["answered_at"] is not None
    assert (answered["in_hand_by"], answered["in_hand_since"]) == (operator_name(), answered["answered_at"])
