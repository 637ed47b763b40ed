"""Unmatched counts what nobody's rule met, and the word that it offers answers exactly these texts."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from html import unescape
from pathlib import Path

from responder.core.rehearsal.trials import try_all
from responder.desk.editing.drafts import open_desktop
from responder.desk.editing.effects import replay_messages
from responder.desk.editing.rules_file import RulesFile
from responder.rulefile import load_rules, read_rules
from responder.web.console.frame.visits import NOBODY
from tests.builders import inbound
from tests.conftest import NOON
from tests.web.console.conftest import RULES, Installation
from tests.worker.conftest import Work


def silently(_count: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _done: None)


async def test_texts_are_grouped_by_count_and_the_word_that_is_offered_changes_these_alone(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("fallback:", "    examples: {match: [news on]}\nfallback:"))
    installation.set(rules=str(path))
    installation.rules = load_rules(path, {})
    work = Work(store=installation.store, clock=installation.clock, rules=installation.rules)
    texts = ["newz on"] * 12 + ["Newz ON!"] * 8 + ["orari?"] * 5 + ["news on"] * 3
    now = installation.clock.advance
    await work.handle(*(inbound(text, f"+3933300000{n:02}", received=now(minutes=1)) for n, text in enumerate(texts)))
    async with installation.browser() as browser:
        page = unescape((await browser.get("/unmatched")).text)
        rows = page.partition("<tbody>")[2].split("<tr>")[1:]
        assert [re.findall(r">(\d+)</td>", row)[0] for row in rows] == ["20", "5"]
        lines = [json.loads(line) for line in (await browser.get("/unmatched.json")).text.splitlines()]
        assert [(line["folded"], line["count"], line["nearest"]) for line in lines][:1] == [("newz on", 20, "news-on")]
        assert (await browser.get("/unmatched.csv")).text.splitlines()[1].startswith("newz on,")
        word = rows[0].partition('name="word" value="')[2].partition('"')[0]
        await browser.post("/unmatched/alias", rule="news-on", word=word)
    draft = await open_desktop(installation.desk, RulesFile(path=path), NOBODY)
    candidate = read_rules(draft.text, str(path), {})
    assert [trial.name for trial in try_all(candidate, NOON) if not trial.passed] == []
    since = installation.now() - timedelta(days=30)
    replayed, _ = await replay_messages(installation.desk, candidate, since=since, follow=silently)
    assert [(one.before, one.after, one.count) for one in replayed.groups()] == [("fallback", "news-on", 20)]
