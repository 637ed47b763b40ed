"""What follows from a STOP of some lists, from a doubt, and from who confirms; an opt-out of everything stands in test_decision."""

from datetime import timedelta

import pytest

from responder.core.contact.changes import known_after
from responder.core.contact.effects import OpenHandOff, OptIn, OptOut, Purpose, Subscribe, Unsubscribe
from responder.core.contact.known import Known, Subscription, SubscriptionStatus
from responder.core.sms.message import Order
from responder.errors import RulesError
from tests.conftest import NOON
from tests.planning import known, message, plan, replies, rules


def on_lists(**statuses: SubscriptionStatus) -> Known:
    at = NOON - timedelta(days=9)
    return known(
        subscriptions={
            name: Subscription(list=name, status=status, since=at, order=Order(at, 0))
            for name, status in statuses.items()
        }
    )


NEWS = on_lists(news=SubscriptionStatus.SUBSCRIBED)


def test_a_stop_with_a_list_leaves_that_list_alone() -> None:
    about = on_lists(news=SubscriptionStatus.SUBSCRIBED, offers=SubscriptionStatus.SUBSCRIBED)
    assert plan("STOP NEWS", about=about).effects == (Unsubscribe(list="news", confirmed=True),)


def test_a_stop_with_a_list_is_confirmed_by_the_lists_title() -> None:
    decided = plan("stop weekly news", rules(), NEWS)
    assert replies(decided) == ["You left Weekly news. Text STOP to get no more texts at all."]
    assert [(step.purpose, step.expires_at) for step in decided.steps] == [
        (Purpose.CONFIRMATION, NOON + timedelta(minutes=5))
    ]


def test_a_stop_with_an_unknown_list_leaves_all() -> None:
    assert plan("STOP FOOTBALL", about=NEWS).effects == (
        OptOut(word="STOP", confirmed=True),
        Unsubscribe(list="news", taken_by_stop=True),
    )


def test_start_does_not_bring_back_a_list_that_was_left_by_name() -> None:
    left = known_after(NEWS, plan("STOP NEWS", about=NEWS).effects, message("STOP NEWS"))
    stopped = known_after(left, plan("STOP", about=left, seq=2).effects, message("STOP", seq=2))
    assert plan("START", about=stopped, seq=3).effects == (OptIn(word="START"),)


def test_start_does_not_complete_a_subscription_that_was_never_confirmed() -> None:
    pending = on_lists(news=SubscriptionStatus.PENDING)
    stopped = known_after(pending, plan("STOP", about=pending).effects, message("STOP"))
    assert Subscribe(list="news", brought_back=True) not in plan("START", about=stopped, seq=2).effects


def test_two_lists_left_on_one_day_are_confirmed_once() -> None:
    left = known_after(NEWS, plan("STOP NEWS", about=NEWS).effects, message("STOP NEWS"))
    assert plan("STOP OFFERS", about=left, seq=2).steps == ()


DOUBTFUL = "I want you to stop"
QUESTION = "Do you want no more texts from us? Then text STOP. If not, you need do nothing."
IN_DOUBT = known(doubted_at=NOON - timedelta(minutes=5))


def test_what_may_be_a_stop_is_for_a_person_and_is_asked_about() -> None:
    decided = plan(DOUBTFUL, rules("fallback: {then: [reply: Sorry?]}", "languages: [en]\n"))
    assert decided.rule == "reserved:review"
    assert decided.effects == (OpenHandOff(reason="may want no more texts", holds_marketing=True, word="STOP"),)
    assert replies(decided) == [QUESTION]


@pytest.mark.parametrize(
    ("head", "about"),
    [
        ("reserved: {stop: {ask: none}}", known()),
        ("", IN_DOUBT),
        ("", known("+12025550123")),
        ("", known(opted_out=True)),
    ],
    ids=["switched off", "asked before", "a +1 number", "opted out"],
)
def test_a_doubt_is_not_asked_about(head: str, about: Known) -> None:
    assert replies(plan("wrong number", rules(head, "languages: [en]\n"), about)) == []


def test_the_file_may_ask_in_words_of_its_own() -> None:
    asked = rules("reserved: {stop: {ask: {en: 'Shall we stop?'}}}", "languages: [en, it]\n")
    assert replies(plan(DOUBTFUL, asked)) == ["Shall we stop?"]
    assert replies(plan("numero sbagliato", asked)) == [
        "Non vuole più ricevere i nostri messaggi? Scriva STOP. Altrimenti non serve fare nulla."
    ]


@pytest.mark.parametrize("text", ["yes", "No", "2", "👍", "ok grazie"])
def test_a_bare_answer_to_that_question_is_for_a_person_and_leaves_the_doubt(text: str) -> None:
    decided = plan(text, rules("fallback: {then: [reply: Sorry?]}", "languages: [en, it]\n"), IN_DOUBT)
    assert decided.rule == "question"
    assert decided.effects == (OpenHandOff(reason="answers whether they want no more texts, and not clearly"),)


def test_a_start_or_a_keyword_ends_the_doubt() -> None:
    keyword = rules("rules: [{name: hours, when: {text: hours}, then: [reply: We open at 9.]}]")
    assert plan("START", keyword, IN_DOUBT).after.doubted_at is None
    assert plan("Hours!", keyword, IN_DOUBT).after.doubted_at is None
    assert plan("hello there", keyword, IN_DOUBT).after.doubted_at == IN_DOUBT.doubted_at


@pytest.mark.parametrize(
    ("confirmation", "of_all", "of_a_list"),
    [
        ("ours", [Purpose.CONFIRMATION], [Purpose.CONFIRMATION]),
        ("gateway", [], [Purpose.CONFIRMATION]),
        ("none", [], []),
    ],
)
def test_the_file_says_who_confirms_a_stop(confirmation: str, of_all: list[Purpose], of_a_list: list[Purpose]) -> None:
    read = rules(f"reserved: {{stop: {{confirmation: {confirmation}}}}}")
    assert [[step.purpose for step in plan(text, read, NEWS).steps] for text in ("STOP", "STOP NEWS")] == [
        of_all,
        of_a_list,
    ]


def test_a_file_may_add_phrases_and_a_text_for_leaving_a_list() -> None:
    read = rules('reserved: {stop: {phrases: ["{drop|forget} me [please]"], left: "Gone from {{ list.title }}."}}')
    assert plan("could you drop me", read).rule == "reserved:stop"
    assert replies(plan("STOP NEWS", read, NEWS)) == ["Gone from Weekly news."]


@pytest.mark.parametrize(
    ("phrase", "remedy"),
    [("hello", "write it under 'words'"), ("{drop me", "close each"), ("[drop me]", "leave some words")],
)
def test_a_phrase_that_would_stop_too_much_or_cannot_be_read_is_refused(phrase: str, remedy: str) -> None:
    with pytest.raises(RulesError, match=remedy):
        rules(f'reserved: {{stop: {{phrases: ["{phrase}"]}}}}')
