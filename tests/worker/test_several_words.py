"""Several words of one message, and late ones: SQL, ledger, history and reply agree."""

import pytest

from responder.core.appointments.booking import Booking
from responder.rulefile import read_rules
from responder.store.appointments.bookings import put_bookings
from responder.store.base.history import read_history
from responder.store.consent.stopping import opt_out
from responder.store.reading.contacts_then import Beginning, read_past
from tests.builders import ANNA, inbound, minutes
from tests.conftest import NOON, StandingClock
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture

SOURCE = """
version: 1
languages: [en, it]
lists: {news: , offers: , club: {double_opt_in: true}}
rules:
  - {name: go, when: {starts_with: weekly}, continue: true, then: [unsubscribe: news]}
  - {name: go-on, when: {text: weekly on}, then: [subscribe: news, reply: Welcome.]}
  - {name: only, when: {text: only news}, then: [unsubscribe: all, subscribe: news, reply: "Only News."]}
  - {name: club, when: {text: only club}, then: [unsubscribe: all, subscribe: club, reply: "Only Club."]}
  - {name: both, when: {text: both}, then: [subscribe: news, subscribe: offers]}
  - {name: neither, when: {text: neither}, then: [subscribe: news, unsubscribe: news, reply: "None."]}
  - {name: twice, when: {text: twice}, then: [appointment: confirm, appointment: cancel]}
  - {name: name, when: {starts_with: my name is}, then: [set: {name: "{{ rest }}"}, reply: "Hello {{ contact.name }}."]}
  - {name: italian, when: {text: italiano}, then: [language: it]}
  - {name: english, when: {text: english}, then: [language: en]}
"""


@pytest.fixture(autouse=True)
def words(work: Work) -> None:
    work.rules = read_rules(SOURCE, "rules.yaml", {})


async def say(work: Work, *texts: str) -> None:
    """Texts of Anna's, a minute apart."""
    for text in texts:
        await work.handle(inbound(text, received=work.clock.advance(minutes=1)))


async def last_event(work: Work, name: str) -> str:
    return [str(row.event) for row in await work.rows("consent_events", "seq") if row.list == name][-1]


@pytest.mark.parametrize(
    ("texts", "lists"),
    [
        (("both", "only news"), {"news": "subscribed", "offers": "unsubscribed"}),
        (("both", "only club", "yes"), {"news": "unsubscribed", "offers": "unsubscribed", "club": "subscribed"}),
        (("only club", "yes"), {"club": "subscribed"}),
        (("weekly on",), {"news": "subscribed"}),
        (("neither",), {"news": "unsubscribed"}),
    ],
)
async def test_the_last_of_several_words_about_a_list_stands(
    work: Work, texts: tuple[str, ...], lists: dict[str, str]
) -> None:
    await say(work, *texts)
    assert await work.lists_of(ANNA) == lists
    events = {"subscribed": "opt_in", "unsubscribed": "opt_out"}
    assert {name: await last_event(work, name) for name in lists} == {
        name: events[status] for name, status in lists.items()
    }


async def test_several_words_about_a_list_in_several_texts_of_one_batch(work: Work) -> None:
    await work.receive(
        *(
            inbound(text, received=NOON + minutes(number))
            for number, text in enumerate(("both", "only news", "weekly off"))
        )
    )
    await work.handler().handle()
    assert await work.lists_of(ANNA) == {"news": "unsubscribed", "offers": "unsubscribed"}


async def test_each_of_two_changes_of_an_appointment_has_a_line_and_a_number_of_its_own(work: Work) -> None:
    await put_bookings(work.store.database, [Booking(id="a1", originator=ANNA, starts_at=NOON + minutes(600))], NOON)
    await say(work, "twice")
    (row,) = await work.rows("appointments")
    assert (row.status, row.version) == ("cancelled", 3)
    history = await read_history(work.store.database, "a1")
    assert [(one.number, one.old_status, one.new_status) for one in history[1:]] == [
        (2, "scheduled", "confirmed"),
        (3, "confirmed", "cancelled"),
    ]


async def test_a_late_stop_that_is_older_than_a_start_changes_and_says_nothing(work: Work) -> None:
    await say(work, "both")
    work.clock.advance(minutes=20)
    await say(work, "START")
    before = len(await work.replies()), len(await work.rows("consent_events"))
    await work.handle(inbound("STOP", sent=NOON + minutes(10), received=work.clock()))
    assert await work.lists_of(ANNA) == {"news": "subscribed", "offers": "subscribed"}
    assert (len(await work.replies()), len(await work.rows("consent_events"))) == before
    assert (await work.rows("messages", "seq"))[-1].is_superseded


@pytest.mark.parametrize("in_one_batch", [False, True])
async def test_a_late_older_name_or_language_overwrites_no_newer_one(
    work: Work, clock: StandingClock, *, in_one_batch: bool
) -> None:
    newer = inbound("my name is Ann", received=NOON + minutes(10)), inbound("english", received=NOON + minutes(11))
    older = (inbound(text, sent=NOON, received=NOON + minutes(12)) for text in ("my name is Anne", "italiano"))
    clock.now = NOON + minutes(15)
    await (work.receive(*newer) if in_one_batch else work.handle(*newer))
    await work.handle(*older)
    (contact,) = await work.rows("contacts")
    assert (contact.fields, contact.language) == ('{"name": "Ann"}', "en")


async def test_a_late_older_name_is_not_answered(work: Work, clock: StandingClock) -> None:
    clock.now = NOON + minutes(15)
    await work.handle(inbound("my name is Ann", received=NOON + minutes(10)))
    await work.handle(inbound("my name is Anne", sent=NOON, received=NOON + minutes(12)))
    assert await work.replies() == ["Hello Ann."]
    assert [row.is_superseded for row in await work.rows("messages", "seq")] == [False, True]


async def test_a_replay_begins_with_what_was_done_by_hand_before(work: Work) -> None:
    await say(work, "both")
    await opt_out(
        work.store.database, work.store.secret, ANNA, reason="", operator="mia", now=work.clock.advance(minutes=1)
    )
    past_before = await past(work, Beginning(at=NOON + minutes(1.5), seq=9))
    past_after = await past(work, Beginning(at=NOON + minutes(3), seq=9))
    assert past_before == (False, None, {"news": ("subscribed", None), "offers": ("subscribed", None)})
    stopped_at = NOON + minutes(2)
    assert past_after == (
        True,
        stopped_at,
        {"news": ("unsubscribed", stopped_at), "offers": ("unsubscribed", stopped_at)},
    )


async def past(work: Work, begin: Beginning) -> tuple[object, ...]:
    (known,) = await read_past(work.store.database, [ANNA], begin)
    return (
        known.opted_out,
        known.consent_by_hand_at,
        {name: (str(one.status), one.by_hand_at) for name, one in known.subscriptions.items()},
    )
