"""The console in Italian and English: complete, and chosen by the visit."""

import json
import re
from html import unescape

import httpx
import pytest

from responder.core.contact.reasons import Reason, because, read_reason, written_reason
from responder.core.rules.sections import AlertKind, Trouble
from responder.store.operations.alerts import Telling, note_troubles
from responder.web.console.frame.language import catalogue
from tests.web.console.conftest import Installation
from tests.web.console.sentences import sentences

ITALIAN = catalogue("it").sentences
PLACE = re.compile(r"%\(\w+\)[sd]|#|\{\w+")


def test_every_sentence_has_its_italian() -> None:
    assert sorted(sentences().keys() - ITALIAN.keys()) == []


def test_no_italian_sentence_is_left_over() -> None:
    assert sorted(ITALIAN.keys() - sentences().keys()) == []


@pytest.mark.parametrize("sentence", sorted(ITALIAN))
def test_a_translation_has_the_same_places_for_values(sentence: str) -> None:
    translated = ITALIAN[sentence]
    for one in [translated] if isinstance(translated, str) else translated[1:]:
        assert sorted(PLACE.findall(one)) == sorted(PLACE.findall(sentence))


def told(page: httpx.Response) -> str:
    return unescape(page.text)


async def test_the_browser_chooses_first(installation: Installation) -> None:
    async with installation.browser() as browser:
        page = await browser.get("/", **{"accept-language": "it-IT,it;q=0.9,en;q=0.8"})
    assert '<html lang="it"' in page.text
    assert "<h1>Messaggi</h1>" in page.text


async def test_without_a_wish_the_first_language_of_the_rules_file_counts(installation: Installation) -> None:
    async with installation.browser() as browser:
        assert '<html lang="it"' in (await browser.get("/", **{"accept-language": "fr"})).text


async def test_the_choice_of_a_visit_stays(installation: Installation) -> None:
    async with installation.browser() as browser:
        chosen = await browser.post("/preferences", language="it", back="/inbox")
        assert chosen.headers["location"] == "/inbox"
        assert "<h1>Da gestire</h1>" in told(await browser.get("/inbox"))


async def test_colours_are_chosen_by_the_visit_and_otherwise_by_the_system(installation: Installation) -> None:
    async with installation.browser() as browser:
        assert "data-theme" not in (await browser.get("/")).text
        await browser.post("/preferences", theme="dark", back="/")
        assert '<html lang="en" data-theme="dark">' in (await browser.get("/")).text


def test_a_near_miss_is_told_in_italian_by_its_code_and_values() -> None:
    stored = because("outside_hours", hours="Mon-Fri 09:00-18:00", day="Sun", time="03:00")
    assert catalogue("it").why(stored) == "fuori orario: Mon-Fri 09:00-18:00, erano le 03:00 di dom"
    assert catalogue("en").why(stored) == stored


@pytest.mark.parametrize(
    ("reason", "italian"),
    [
        (
            because("private_host", network="private (RFC 1918)", remedy="so"),
            "l'host del webhook ha un indirizzo di questo tipo: privato (RFC 1918), so",
        ),
        (
            because(
                "gateway_said",
                words=because("with_remedy", words=because("key_refused"), remedy=because("check", setting="KEY")),
                reasons="",
                status=401,
            ),
            "la chiave API non è accettata, controlla KEY (HTTP 401)",
        ),
        (
            because("not_sent", reason=because("connection_refused")),
            "non inviato: la connessione è stata rifiutata",
        ),
    ],
)
def test_why_a_call_was_not_made_is_told_in_italian(reason: Reason, italian: str) -> None:
    assert catalogue("it").why(read_reason(written_reason(reason))) == italian


async def test_a_banner_says_in_italian_why_the_gateway_takes_nothing(installation: Installation) -> None:
    trouble = Trouble(kind=AlertKind.GATEWAY_REFUSES, details={"reason": because("credit_used_up")})
    await note_troubles(installation.store.database, [trouble], lambda _alert: Telling(), installation.now())
    async with installation.browser() as browser:
        page = told(await browser.get("/", **{"accept-language": "it"}))
    assert "il credito è esaurito, ricaricalo presso il gateway" in page


def test_what_else_keeps_a_rule_from_applying_is_told_in_the_same_language() -> None:
    also = because("on_list", list="news")
    besides = {"besides": f"; besides, {also}", "also": also.as_json()}
    stored = because("one_letter_off", said="newz", alias="news", **besides)
    assert catalogue("en").why(stored) == stored
    assert "inoltre, il numero è nella lista «news»" in catalogue("it").why(stored)


def test_a_reason_that_is_a_sentence_alone_has_no_other_language() -> None:
    assert catalogue("it").why("it rains") == "it rains"


def test_the_catalogue_is_sorted_so_that_two_changes_rarely_meet() -> None:
    assert list(ITALIAN) == sorted(json.loads(json.dumps(list(ITALIAN))))
