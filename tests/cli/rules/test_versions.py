"""responder rules."""

from responder.rulefile import load_rules, sources_of
from responder.store.base.history import RuleVersions
from tests.cli.conftest import Installation, run


async def put(here: Installation, text: str) -> str:
    """Write the rules file, and have a worker put it in force."""
    rules = load_rules(here.folder / here.write("rules.yaml", text), {})
    await RuleVersions(here.store.database).keep(rules.hash, sources_of(rules), here.work.clock.advance(minutes=1))
    return rules.hash


async def two_versions(here: Installation) -> tuple[str, str]:
    before = (here.folder / "rules.yaml").read_text()
    return await put(here, before), await put(here, before.replace("text: News ON", "text: [News ON, News YES]"))


async def test_history_tells_which_rules_came_into_force_and_when(here: Installation) -> None:
    old, new = await two_versions(here)
    assert (await run("rules", "history", "--json")).records == [
        {"hash": old, "since": "2026-11-23T12:01:00Z", "by": None, "why": None},
        {"hash": new, "since": "2026-11-23T12:02:00Z", "by": None, "why": None},
    ]
    assert "2026-11-23 13:01" in (await run("rules", "history")).out


async def test_a_version_is_shown_as_it_was_written(here: Installation) -> None:
    old, _ = await two_versions(here)
    assert "text: News ON}" in (await run("rules", "show", old[:6])).out


async def test_a_diff_without_a_second_version_is_against_what_is_in_force(here: Installation) -> None:
    old, new = await two_versions(here)
    out = (await run("rules", "diff", old)).out
    assert "+    when: {text: [News ON, News YES]}" in out
    assert (await run("rules", "diff", old, new)).out == out


async def test_a_restored_version_is_in_the_file_and_in_the_history_with_who_and_why(here: Installation) -> None:
    old, _ = await two_versions(here)
    outcome = await run("rules", "restore", old, "--why", "too early")
    assert outcome.code == 0, outcome.err
    assert load_rules(here.folder / "rules.yaml", {}).hash == old
    last = (await run("rules", "history", "--json")).records[-1]
    assert (last["hash"], last["why"], bool(last["by"])) == (old, "too early", True)


async def test_an_unknown_version_is_told_with_where_to_look(here: Installation) -> None:
    assert here
    outcome = await run("rules", "show", "abc")
    assert (outcome.code, "responder rules history" in outcome.err) == (1, True)


async def test_a_paused_rule_is_told_by_explain_describe_and_doctor(here: Installation) -> None:
    assert (await run("rules", "pause", "news-on", "--for", "2h", "--why", "wrong price")).code == 0
    explained = (await run("explain", "News ON", "--json")).record
    assert explained["rule"] == "fallback"
    (miss,) = explained["near_misses"]
    assert (miss["rule"], "wrong price" in miss["why"]) == ("news-on", True)
    assert "it does not apply now: the rule is paused until" in (await run("describe")).out
    assert "news-on is paused until" in (await run("doctor")).out


async def test_a_resumed_rule_applies_again(here: Installation) -> None:
    assert here
    await run("rules", "pause", "news-on", "--for", "2h")
    assert (await run("rules", "resume", "news-on")).out == "rule news-on applies again\n"
    assert (await run("explain", "News ON", "--json")).record["rule"] == "news-on"


async def test_a_pause_needs_a_length_that_is_one(here: Installation) -> None:
    assert here
    outcome = await run("rules", "pause", "news-on", "--for", "soon")
    assert (outcome.code, "is no length of time" in outcome.err) == (2, True)
