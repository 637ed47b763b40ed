"""Trying and changing the rules in the browser, called as a browser would."""

import json
import os
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from responder.desk.messages import list_messages
from responder.desk.rule_versions import read_rule_pauses
from responder.rulefile import load_rules, read_rules, sources_of
from responder.store.base.history import RuleVersions
from tests.builders import inbound
from tests.conftest import wait_until
from tests.web.console.conftest import PASSWORD, RULES, Browser, Installation
from tests.worker.conftest import Work

WARMER = RULES.replace("Welcome.", "Welcome to us.")
NUMBER = "+393301234567"
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def path(installation: Installation, tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_bytes(RULES.replace("\n", "\r\n").encode())
    installation.set(rules=str(path))
    return path


@pytest.fixture
async def browser(installation: Installation, path: Path) -> AsyncIterator[Browser]:
    async with installation.browser() as browser:
        yield browser


def read(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def say(browser: Browser, text: str, said: str = "[]", **fields: str) -> str:
    answer = await browser.post("/try", **{"from": NUMBER, "text": text, "said": said, "do": "send", **fields})
    return unescape(answer.text)


def carried(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('">')[0]


async def test_a_text_is_tried_and_nothing_is_stored(browser: Browser, installation: Installation) -> None:
    page = await say(browser, "news on")
    assert "Welcome." in page
    assert "news-on" in page
    assert [one async for one in list_messages(installation.desk).every()] == []


async def test_an_italian_page_says_in_italian_what_would_be_done(browser: Browser) -> None:
    browser.client.headers["accept-language"] = "it"
    page = await say(browser, "news on")
    assert '<span class="faint">lista</span> <bdi class="text">news</bdi>' in page
    assert '<span class="faint">SMS</span> <bdi class="text">1</bdi>' in page
    page = await say(browser, "STOP")
    assert '<span class="faint">parola</span> <bdi class="text">STOP</bdi>' in page
    assert "Riconosciuto prima di ogni regola:" in page


async def test_a_rule_keeps_its_name_though_it_is_a_word_of_ours(browser: Browser, installation: Installation) -> None:
    installation.rules = read_rules(RULES.replace("news-on", "reply"), "rules.yaml", {})
    browser.client.headers["accept-language"] = "it"
    assert '<span class="rule"><bdi class="text">reply</bdi></span>' in await say(browser, "news on")


async def test_a_conversation_goes_on_from_what_was_said_before(browser: Browser) -> None:
    page = await say(browser, "STOP")
    said = json.loads(carried(page, "said"))
    assert said[0][0] == "STOP"
    assert "reserved" in page or "STOP" in page
    assert len(json.loads(carried(await say(browser, "news on", json.dumps(said)), "said"))) == 2


async def test_what_cannot_be_read_is_told_and_the_conversation_stays(browser: Browser) -> None:
    said = carried(await say(browser, "news on"), "said")
    answer = await browser.post("/try", **{"from": NUMBER, "text": "x", "said": said, "at": "soon", "do": "send"})
    assert answer.status_code == 422
    assert "'soon' is no time" in unescape(answer.text)
    assert json.loads(carried(unescape(answer.text), "said")) == json.loads(said)


async def test_a_conversation_becomes_a_test_that_passes(browser: Browser, installation: Installation) -> None:
    said = carried(await say(browser, "news on"), "said")
    assert (await browser.post("/try", **{"from": NUMBER, "said": said, "do": "test"})).status_code == 303
    page = unescape((await browser.get("/rules/edit?step=test")).text)
    assert "news on (2026-" in page
    assert "all passed" in page


async def test_check_tells_line_column_and_remedy_and_save_is_off(browser: Browser) -> None:
    wrong = RULES.replace("subscribe: news", "subscibe: news")
    page = unescape((await browser.post("/rules/edit", rules=wrong, step="check")).text)
    assert "did you mean 'subscribe'?" in page
    assert 'data-jump="9"' in page
    assert 'aria-describedby="save-why" disabled' in page


async def test_problems_while_typing_are_those_of_check(browser: Browser) -> None:
    wrong = RULES.replace("subscribe: news", "subscibe: news")
    await browser.post("/rules/edit/draft", rules=wrong)
    told = (await browser.get("/rules/edit/problems")).json()
    assert [(one["line"], one["column"], one["level"]) for one in told["problems"]] == [(9, 9, "error")]
    assert told["problems"][0]["file"].endswith("rules.yaml")


async def test_saving_changes_one_line_and_keeps_the_ends_of_all_others(browser: Browser, path: Path) -> None:
    before = read(path)
    saved = await browser.post("/rules/edit", rules=WARMER, step="save", why="warmer", despite="1")
    assert saved.status_code == 303
    assert read(path) == before.replace(b"Welcome.", b"Welcome to us.")
    history = unescape((await browser.get("/rules/history")).text)
    assert "warmer" in history


async def test_a_file_that_changed_meanwhile_is_a_conflict_that_shows_both(
    browser: Browser, installation: Installation, path: Path
) -> None:
    rules = load_rules(path, {})
    await RuleVersions(installation.store.database).keep(rules.hash, sources_of(rules), installation.now())
    await browser.post("/rules/edit", rules=WARMER, step="check")
    theirs = read(path).replace(b"Weekly news", b"Daily news")
    write(path, theirs)
    answer = await browser.post("/rules/edit", rules=WARMER, step="save", why="warmer", despite="1")
    assert answer.status_code == 409
    their_change, _, rest = answer.text.partition("What you changed")
    my_change, _, over_theirs = rest.partition("What your text would change of theirs")
    assert "+lists: {news: {title: Daily news}}" in their_change
    assert "Welcome to us." not in their_change
    assert "Welcome to us." in my_change
    assert "Daily news" not in my_change
    assert "-lists: {news: {title: Daily news}}" in over_theirs
    assert "Welcome to us." in over_theirs
    assert read(path) == theirs


async def test_a_conflict_says_where_the_text_that_both_began_from_was_not_kept(browser: Browser, path: Path) -> None:
    await browser.post("/rules/edit", rules=WARMER, step="check")
    write(path, read(path).replace(b"Weekly news", b"Daily news"))
    answer = await browser.post("/rules/edit", rules=WARMER, step="save", why="warmer", despite="1")
    assert "The text that both began from was not kept" in answer.text
    assert "What they changed" not in answer.text
    assert "-lists: {news: {title: Daily news}}" in answer.text.partition("What your text would change of theirs")[2]


def opened(page: str) -> dict[str, str]:
    """What a window that was opened sends along with what is typed."""
    return {name: carried(page, name) for name in ("seen", "based_on")}


async def test_an_older_window_is_told_and_both_texts_are_there(browser: Browser) -> None:
    older = opened((await browser.get("/rules/edit")).text)
    await browser.post("/rules/edit/draft", rules=WARMER, **older)
    mine = RULES.replace("Welcome.", "Ciao a tutti.")
    told = await browser.post("/rules/edit/draft", rules=mine, **older)
    assert told.status_code == 409
    assert "another window" in told.json()["sentence"]
    answer = await browser.post("/rules/edit", rules=mine, step="check", **older)
    assert answer.status_code == 409
    assert "Ciao a tutti." in answer.text.partition("<textarea")[2]
    assert "Welcome to us." in answer.text
    assert "Welcome to us." in (await browser.get("/rules/edit")).text
    await browser.post("/rules/edit", rules=mine, step="check", **opened(answer.text))
    assert "Ciao a tutti." in (await browser.get("/rules/edit")).text


async def test_a_campaign_is_put_into_what_was_typed(browser: Browser, path: Path) -> None:
    answer = await browser.post("/rules/edit", rules=WARMER, step="campaign")
    assert answer.status_code == 303
    page = unescape((await browser.get(answer.headers["location"])).text)
    assert "Welcome to us." in page
    assert "lists: {news: {title: Weekly news}, summer: {title:" in page
    assert "list: summer" in page


async def test_a_draft_is_still_there_on_the_next_visit(browser: Browser) -> None:
    await browser.post("/rules/edit", rules=WARMER, step="check")
    assert "Welcome to us." in (await browser.get("/rules/edit")).text
    await browser.post("/rules/edit", step="discard")
    assert "Welcome to us." not in (await browser.get("/rules/edit")).text


async def test_a_draft_outlives_a_sign_out_and_is_its_operator_s_alone(installation: Installation, path: Path) -> None:
    installation.set(rules=str(path), admin_password=PASSWORD)
    async with installation.browser() as browser:
        await browser.sign_in(name="Anna")
        await browser.post("/rules/edit", rules=WARMER, step="check")
        await browser.post("/sign-out")
        await browser.sign_in(name="Ugo")
        assert "Welcome to us." not in (await browser.get("/rules/edit")).text
    async with installation.browser() as browser:  # the service was started again meanwhile
        await browser.sign_in(name="Anna")
        assert "Welcome to us." in (await browser.get("/rules/edit")).text


async def test_a_secret_is_shown_by_its_name_alone(
    installation: Installation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_SECRET", "whsec_" + SECRET)
    webhook = "webhooks: {crm: {url: https://crm.example.com/, secret: '${CRM_SECRET}'}}\n"
    text = RULES.replace("rules:\n", f"{webhook}rules:\n", 1)
    write(path, text.encode())
    await in_force(installation, text, str(path))
    async with installation.browser() as browser:
        await browser.post("/rules/edit", rules=text.replace("Welcome.", "Ciao."), step="test")
        told = [(await browser.get(page)).text for page in ("/rules", "/rules/edit?step=test", "/rules/edit/patch")]
        told.append((await browser.post("/rules/edit", rules=f"{text}rulez: 1\n", step="check")).text)
        told.append((await browser.get("/rules/history")).text)
    assert "${CRM_SECRET}" in told[0]
    assert "${CRM_SECRET}" in told[1]
    assert not [page for page in told if SECRET in page]


async def test_where_rules_are_only_looked_at_a_patch_is_offered(installation: Installation, path: Path) -> None:
    installation.set(rules=str(path), console_rules="view")
    async with installation.browser() as browser:
        page = await browser.post("/rules/edit", rules=WARMER, step="check")
        patch = await browser.get("/rules/edit/patch")
    assert 'id="save"' not in page.text
    assert '+      - reply: "Welcome to us."' in patch.text


async def test_texts_that_met_no_rule_are_grouped_and_an_alias_helps(
    browser: Browser, installation: Installation, path: Path
) -> None:
    await browser.post("/unmatched/alias", rule="news-on", word="newz on")
    page = (await browser.get("/rules/edit")).text
    assert "[News ON, newz on]" in page
    assert "newz on" in await say(browser, "newz on", rules="draft")


async def test_restoring_makes_a_draft(browser: Browser, installation: Installation, path: Path) -> None:
    rules = load_rules(path, {})
    await browser.post("/rules/edit", rules=WARMER, step="save", why="warmer", despite="1")
    installation.clock.advance(hours=1)
    await browser.post("/rules/edit", rules=RULES.replace("Welcome.", "Hi."), step="save", why="short", despite="1")
    versions = (await browser.get("/rules/history")).text
    assert rules.hash not in versions
    warm = versions.split("warmer")[0].rpartition("/rules?version=")[2][:16]
    assert (await browser.post("/rules/history/restore", version=warm)).status_code == 303
    assert "Welcome to us." in (await browser.get("/rules/edit")).text
    assert b"Hi." in read(path)


async def test_nothing_of_a_text_that_is_tried_is_markup(browser: Browser) -> None:
    page = (await browser.post("/try", **{"from": NUMBER, "text": "<img src=x>{{7*7}}", "do": "send"})).text
    assert "<img" not in page
    assert "49" not in page.partition("{{7*7}}")[0][-50:]


async def in_force(installation: Installation, text: str = RULES, name: str = "rules.yaml") -> None:
    """Rules are put in force, as a worker does it."""
    installation.rules = read_rules(text, name, os.environ)
    versions = RuleVersions(installation.store.database)
    await versions.keep(installation.rules.hash, sources_of(installation.rules), installation.now())


async def test_a_rule_pauses_and_applies_again(browser: Browser, installation: Installation) -> None:
    await in_force(installation)
    assert "option selected>news-on" in (await browser.get("/rules?pause=news-on")).text
    assert (await browser.post("/rules/pause", rule="news-on", hours="4", why="sold out")).status_code == 303
    assert "sold out" in (await browser.get("/rules")).text
    await browser.post("/rules/resume", rule="news-on")
    assert "sold out" not in (await browser.get("/rules")).text


async def test_a_pause_ends_by_itself(browser: Browser, installation: Installation) -> None:
    await in_force(installation)
    await browser.post("/rules/pause", rule="news-on", hours="1", why="sold out")
    installation.clock.advance(minutes=61)
    assert "sold out" not in (await browser.get("/rules")).text


async def test_a_draft_that_is_tried_heeds_the_pauses_too(browser: Browser, installation: Installation) -> None:
    await browser.post("/rules/edit", rules=WARMER, step="check")
    await browser.post("/rules/pause", rule="news-on", hours="4", why="sold out")
    pauses = await read_rule_pauses(installation.desk)
    installation.rules = installation.rules.with_pauses(pauses)
    assert "paused until" in await say(browser, "news on", rules="draft")
    assert "Welcome" not in await say(browser, "news on", rules="draft")


async def test_a_message_leads_to_the_same_text_with_today_s_rules(
    browser: Browser, installation: Installation
) -> None:
    message = inbound("news on")
    await installation.store.inbox.add([message], {})
    assert f"/try?message={message.key}" in (await browser.get(f"/messages/{message.key}")).text
    page = (await browser.get(f"/try?message={message.key}")).text
    assert "news on</textarea>" in page
    assert message.originator in page


async def until_checked(browser: Browser, path: str) -> str:
    """A page of the rules once check and test have told what they have to tell."""
    pages: list[str] = []

    async def is_checked() -> bool:
        pages.append(unescape((await browser.get(path)).text))
        return "data-unfinished" not in pages[-1]

    await wait_until(is_checked, 60, "check and test")
    return pages[-1]


async def test_each_rule_says_what_it_does_how_often_it_applied_and_what_covers_it(
    browser: Browser, installation: Installation, path: Path
) -> None:
    await in_force(installation, RULES.replace("fallback:", "    examples: {match: [news on]}\nfallback:"), str(path))
    await handled(installation, "news on", "news on!", "what?")
    page = await until_checked(browser, "/rules")
    row = re.sub("<[^>]*>", " ", page.partition("<tbody>")[2].partition("</tbody>")[0])
    assert " ".join(row.split()) == (
        "news-on When the whole text is “News ON”: puts the number on the list “Weekly news”"
        " replies: “Welcome.” (1 SMS) 2 13:02 1 · 0 Pause"
    )
    assert "fallback" in page.partition("What else spoke")[2][:200]


async def test_a_warning_stands_beside_its_line(browser: Browser, installation: Installation, path: Path) -> None:
    await in_force(installation, name=str(path))
    page = await until_checked(browser, "/rules")
    warned = page.partition('class="warned"')[2].partition("</tr>")[0]
    assert "lists: {news: {title: Weekly news}}" in warned
    assert "no text leaves it except STOP" in warned


async def handled(installation: Installation, *texts: str) -> None:
    """Texts that came in and were decided about."""
    work = Work(store=installation.store, clock=installation.clock, rules=installation.rules)
    await work.handle(*(inbound(text, received=installation.clock.advance(minutes=1)) for text in texts))


async def test_an_alias_is_offered_as_it_was_typed_and_the_next_look_says_that_it_helps(
    browser: Browser, installation: Installation
) -> None:
    await handled(installation, "perché no?", "Perché NO", "orari", "😀😀")
    page = unescape((await browser.get("/unmatched")).text)
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert [">2<" in row for row in rows] == [True, False, False]
    assert 'name="word" value="Perché NO"' in rows[0]
    assert "No rule can hear this" in next(row for row in rows if "😀" in row)
    await browser.post("/unmatched/alias", rule="news-on", word="Perché NO")
    row = unescape((await browser.get("/unmatched")).text).partition("<tbody>")[2].split("<tr>")[1]
    assert "answered by your draft" in row


async def test_a_text_that_no_rule_can_hear_is_refused_with_the_reason(browser: Browser, path: Path) -> None:
    answer = await browser.post("/unmatched/alias", rule="news-on", word="- {")
    assert answer.status_code == 409
    assert "has no letter or digit" in unescape(answer.text)
    assert "Your draft" not in (await browser.get("/rules/edit")).text


async def test_a_draft_with_mistakes_has_no_impact_and_says_why(browser: Browser) -> None:
    wrong = RULES.replace("subscribe: news", "subscibe: news")
    answer = await browser.post("/rules/edit", rules=wrong, step="impact")
    assert answer.status_code == 422
    assert "put them right, then its impact can be told" in answer.text
    assert "did you mean" in answer.text


async def test_an_impact_ends_with_the_visit_that_asked_for_it(installation: Installation, path: Path) -> None:
    installation.set(rules=str(path), admin_password=PASSWORD)
    async with installation.browser() as browser:
        await browser.sign_in()
        await browser.post("/rules/edit", rules=WARMER, step="impact")
        await browser.post("/sign-out")
        await browser.sign_in()
        assert (await browser.get("/rules/edit/impact")).json()["is_running"] is False
        assert "Cancelled." in (await browser.get("/rules/edit?step=impact")).text


async def test_history_tells_what_changed_for_the_texts(
    browser: Browser, installation: Installation, path: Path
) -> None:
    old = installation.rules.hash
    await in_force(installation)
    await handled(installation, "news on", "newz on", "newz on!")
    installation.clock.advance(hours=1)
    await in_force(installation, WARMER.replace("text: News ON", "text: [News ON, newz on]"))
    page = unescape((await browser.get(f"/rules/history?old={old}&new={installation.rules.hash}")).text)
    told = re.sub(" +", " ", re.sub("<[^>]*>", " ", page.partition("What changed for the texts")[2]))
    assert "3 of 3 texts are answered otherwise" in told
    assert "2 no rule: fallback → news-on" in told
    assert "1 news-on : another reply" in told
    assert "− Welcome. + Welcome to us." in " ".join(told.split())


async def test_a_version_that_was_just_saved_is_about_to_be_in_force(
    browser: Browser, installation: Installation
) -> None:
    await in_force(installation)
    assert "about to be in force" not in (await browser.get("/rules")).text
    installation.clock.advance(minutes=1)
    await browser.post("/rules/edit", rules=WARMER, step="save", why="warmer", despite="1")
    assert "about to be in force" in (await browser.get("/rules")).text
