"""responder subscribers and deliveries."""

from responder.core.contact.effects import StepKind, StepStatus
from responder.store.consent.retention import remove_texts
from responder.store.outbound.claims import Fate
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.conftest import NOON

KEY = "abc0" * 8
REPLY, WEBHOOK = f"{KEY}-1", f"{KEY}-2"


async def give_up(here: Installation, kind: StepKind, status: StepStatus) -> None:
    """Let the waiting steps of a kind come to a bad end."""
    claimed = await here.store.steps.claim(kind, "worker", NOON, 10)
    fates = [Fate(key=each.step.key, status=status, error="HTTP 500") for each in claimed]
    await here.store.steps.record(fates, "worker", NOON)


async def fates(here: Installation) -> dict[str, str]:
    return {record["key"]: record["status"] for record in (await run("deliveries", "list", "--json")).records}


async def test_a_subscriber_has_the_fields_of_the_contract(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    assert (await run("subscribers", "list", "--json")).record == {
        "originator": ANNA,
        "list": "news",
        "status": "subscribed",
        "since": "2026-11-23T12:00:00Z",
        "language": None,
    }


async def test_subscribers_are_listed_by_list_and_time(here: Installation) -> None:
    await here.handle(
        inbound("News ON", BRUNO, received=NOON - minutes(5)),
        inbound("News ON"),
        inbound("Offers ON"),
        inbound("News OFF", BRUNO),
    )
    listed = (await run("subscribers", "list", "--list", "news", "--json")).records
    assert [(record["originator"], record["status"]) for record in listed] == [
        (ANNA, "subscribed"),
        (BRUNO, "unsubscribed"),
    ]


async def test_a_list_without_anybody_says_so(here: Installation) -> None:
    outcome = await run("subscribers", "list", "--list", "offers")
    assert (outcome.code, outcome.out) == (0, "")
    assert "nobody is on the list 'offers'" in outcome.err


async def test_a_delivery_has_the_fields_of_the_contract(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    reply, webhook = (await run("deliveries", "list", "--json")).records
    assert reply == {
        "key": REPLY,
        "message_key": KEY,
        "kind": "reply",
        "to": ANNA,
        "status": "simulated",
        "attempts": 1,
        "next_attempt_at": None,
        "last_error": None,
        "segments": 1,
        "text": "Welcome to Weekly news.",
    }
    assert webhook.keys() == reply.keys()
    assert (webhook["kind"], webhook["to"], webhook["status"], webhook["next_attempt_at"]) == (
        "webhook",
        "crm",
        "queued",
        "2026-11-23T12:00:00Z",
    )


async def test_deliveries_are_listed_by_status(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    assert [record["key"] for record in (await run("deliveries", "list", "--status", "queued", "--json")).records] == [
        WEBHOOK
    ]


async def test_a_dead_webhook_call_is_tried_again(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.WEBHOOK, StepStatus.DEAD)
    outcome = await run("deliveries", "retry", WEBHOOK)
    assert (outcome.code, outcome.out) == (
        0,
        f"delivery {WEBHOOK} was dead and is queued again: a running worker takes it up within seconds\n",
    )
    assert (await fates(here))[WEBHOOK] == "queued"


async def test_an_uncertain_reply_is_sent_again_when_its_key_is_named(here: Installation) -> None:
    await here.work.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.REPLY, StepStatus.UNCERTAIN)
    assert (await run("deliveries", "retry", REPLY)).code == 0
    assert (await fates(here))[REPLY] == "queued"


async def test_all_means_dead_webhooks_and_never_a_reply(here: Installation) -> None:
    await here.work.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.REPLY, StepStatus.UNCERTAIN)
    await give_up(here, StepKind.WEBHOOK, StepStatus.DEAD)
    outcome = await run("deliveries", "retry", "--all")
    assert (outcome.code, outcome.out) == (0, "1 webhook call was given up and is queued again\n")
    assert await fates(here) == {REPLY: "uncertain", WEBHOOK: "queued"}
    assert "name the key of each" in outcome.err


async def test_a_list_shows_short_keys_and_retry_takes_them(here: Installation) -> None:
    await here.work.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.WEBHOOK, StepStatus.DEAD)
    assert "abc0abc0abc0ab-2 " in (await run("deliveries", "list")).out
    assert (await run("deliveries", "retry", "abc0abc0abc0ab-2")).code == 0
    assert (await fates(here))[WEBHOOK] == "queued"


async def test_the_beginning_of_a_key_names_no_delivery(here: Installation) -> None:
    await here.work.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.REPLY, StepStatus.UNCERTAIN)
    outcome = await run("deliveries", "retry", KEY)
    assert outcome.code == 1
    assert "no delivery has the key" in outcome.err


async def test_what_was_sent_is_not_sent_again(here: Installation) -> None:
    await here.handle(inbound("News ON", key=KEY))
    outcome = await run("deliveries", "retry", REPLY)
    assert outcome.code == 1
    assert "it is simulated" in outcome.err


async def test_what_has_lost_its_text_is_not_sent_again(here: Installation) -> None:
    await here.work.handle(inbound("News ON", key=KEY))
    await give_up(here, StepKind.REPLY, StepStatus.UNCERTAIN)
    await remove_texts(here.store.database, NOON + minutes(1))
    outcome = await run("deliveries", "retry", REPLY)
    assert (outcome.code, outcome.err) == (
        1,
        f"delivery {REPLY}: its text is gone, since it was kept long enough or its number was erased\n",
    )


async def test_retry_wants_one_key_or_all(here: Installation) -> None:
    assert (await run("deliveries", "retry")).code == 2
    assert (await run("deliveries", "retry", KEY, "--all")).code == 2
