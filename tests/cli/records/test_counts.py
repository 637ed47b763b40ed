"""responder subscribers counts."""

from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.store.consent.subscribers import put_subscribers
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.cli.conftest import Installation, run
from tests.conftest import NOON

CARLA = "+393309999999"


async def put(here: Installation, *wanted: SubscriberChange) -> None:
    await put_subscribers(here.store.database, here.store.secret, wanted, operator="mia", now=NOON)


async def test_the_numbers_of_each_list_are_counted_also_of_lists_with_nobody_and_lists_that_are_gone(
    here: Installation,
) -> None:
    old = [SubscriberChange(originator=number, list="a-list-of-before") for number in (ANNA, BRUNO)]
    await put(here, *old, SubscriberChange(originator=CARLA, list="news", status=SubscriptionStatus.PENDING))
    await here.handle(inbound("News ON"), inbound("News ON", BRUNO), inbound("News OFF", received=NOON + minutes(1)))
    assert (await run("subscribers", "counts", "--json")).records == [
        {"list": "news", "subscribed": 1, "pending": 1, "unsubscribed": 1},
        {"list": "offers", "subscribed": 0, "pending": 0, "unsubscribed": 0},
        {"list": "a-list-of-before", "subscribed": 2, "pending": 0, "unsubscribed": 0},
        {"list": None, "opted_out": 0, "under_review": 0},
    ]


async def test_numbers_that_opted_out_and_those_under_review_are_counted_once_each(here: Installation) -> None:
    await here.handle(*(inbound(text, number) for number in (ANNA, BRUNO) for text in ("News ON", "Offers ON")))
    await here.handle(inbound("STOP", received=NOON + minutes(1)))
    await here.handle(*(inbound("I want you to stop", BRUNO, received=NOON + minutes(1)) for _ in range(2)))
    assert (await run("subscribers", "counts", "--json")).records[-1] == {
        "list": None,
        "opted_out": 1,
        "under_review": 1,
    }


async def test_people_read_a_table_and_the_totals_below(here: Installation) -> None:
    await here.handle(inbound("News ON"), inbound("STOP", BRUNO))
    assert (await run("subscribers", "counts")).out.splitlines() == [
        "list    subscribed  pending  unsubscribed",
        "news    1           0        0",
        "offers  0           0        0",
        "",
        "opted out of everything: 1, under review: 0",
    ]


async def test_a_rules_file_that_cannot_be_read_stands_in_nobodys_way(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    here.write("rules.yaml", "version: 2")
    outcome = await run("subscribers", "counts", "--json")
    assert (outcome.code, outcome.records[0]) == (0, {"list": "news", "subscribed": 1, "pending": 0, "unsubscribed": 0})
    assert (
        outcome.err
        == "the rules file cannot be read ('responder check' says why), so lists with nobody may be left out\n"
    )


async def test_without_any_list_it_says_what_to_do(here: Installation) -> None:
    here.write("rules.yaml", "version: 1\nrules: [{name: a, when: {text: hi}, then: [{reply: hello}]}]\n")
    outcome = await run("subscribers", "counts")
    assert (outcome.code, outcome.out) == (0, "\nopted out of everything: 0, under review: 0\n")
    assert outcome.err == "no list is in the rules file, and nobody is on one: name them under 'lists'\n"
