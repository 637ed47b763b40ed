"""Try plays the conversations that people ask about: STOP, hours, appointments; and stores nothing of them."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from responder.store.base.tables import consent_events, contacts, messages, steps
from tests.web.console.conftest import Browser, Installation

NUMBER = "+393301234567"
MONDAY = "2026-11-30"
RULES = """version: 1
languages: [en]
timezone: Europe/Rome
lists: {news: {title: Weekly news}}
rules:
  - name: news-on
    when: {text: News ON}
    then: [{subscribe: news}, {reply: "Welcome."}]
  - name: hours
    when: {text: hours, hours: "Mon-Fri 09:00-18:00"}
    then: [{reply: "We are here."}]
  - name: sure
    when: {answer: confirm}
    then: [{appointment: confirm}, {reply: "See you then."}]
fallback: {then: [{hand_off: unrecognised}]}
"""


@pytest.fixture
def rules(installation: Installation) -> Rules:
    installation.rules = read_rules(RULES, "rules.yaml", {})
    return installation.rules


class Conversation:
    """A visit to Try that carries on what the page carries."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.carried: dict[str, str] = {}
        self.page = ""

    async def press(self, do: str, **fields: str) -> str:
        """Press a button, and give what the page says then, without its markup."""
        answer = await self.browser.post("/try", **{"from": NUMBER, **self.carried, **fields, "do": do})
        assert answer.status_code == 200, answer.text
        self.page = unescape(answer.text)
        found = re.findall(r'type="hidden" name="(said|bookings|lists)" value="([^>]*)">', answer.text)
        self.carried = {name: unescape(value) for name, value in found}
        return " ".join(re.sub("<[^>]*>", " ", self.page).split())

    async def say(self, text: str, at: str = "") -> str:
        """What stands below the last text: what is answered, and why."""
        return (await self.press("send", text=text, at=at)).rpartition(text)[0] and self._last()

    def _last(self) -> str:
        last = self.page.rpartition('<li class="in">')[2].partition("</ol>")[0]
        return " ".join(re.sub("<[^>]*>", " ", last).split())


async def counts(installation: Installation) -> list[int]:
    tables = (messages, steps, consent_events, contacts)
    async with installation.store.database.read() as connection:
        return [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in tables]


async def test_after_a_stop_nothing_is_answered_and_the_reason_stands_there(
    installation: Installation, rules: Rules
) -> None:
    before = await counts(installation)
    async with installation.browser() as browser:
        talk = Conversation(browser)
        assert "Welcome." in await talk.say("News ON")
        assert "START" in await talk.say("STOP")
        third = await talk.say("News ON")
    assert "No reply: the originator opted out" in third
    assert await counts(installation) == before


async def test_at_night_a_rule_with_hours_is_a_near_miss_that_names_them(
    installation: Installation, rules: Rules
) -> None:
    async with installation.browser() as browser:
        night = await Conversation(browser).say("hours", f"{MONDAY}T03:00")
        day = await Conversation(browser).say("hours", f"{MONDAY}T10:00")
    assert "outside its hours: Mon-Fri 09:00-18:00, it was Monday 03:00" in night
    assert "We are here." in day


async def test_an_appointment_that_is_put_in_is_confirmed_and_two_are_asked_about(
    installation: Installation, rules: Rules
) -> None:
    async with installation.browser() as browser:
        one = Conversation(browser)
        await one.press("appointment", booking_at="2026-12-02T10:30", booking_service="check-up")
        assert "See you then." in await one.say("Yes", f"{MONDAY}T10:00")
        two = Conversation(browser)
        for at in ("2026-12-02T10:30", "2026-12-03T11:30"):
            await two.press("appointment", booking_at=at)
        asked = await two.say("Yes", f"{MONDAY}T10:00")
        assert re.search(r"\b1\b.*\b2\b", asked)
        assert "See you then." not in asked
        assert "See you then." in await two.say("2", f"{MONDAY}T10:01")


async def test_somebody_on_a_list_is_put_in(installation: Installation, rules: Rules) -> None:
    async with installation.browser() as browser:
        talk = Conversation(browser)
        assert "on the list news" in await talk.press("list", list="news")
