"""A rules file on disk, and a desk whose rules are those of the file."""

from pathlib import Path

import pytest

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.rules_file import RulesFile
from responder.rulefile import load_rules
from responder.wiring import Store
from tests.conftest import StandingClock

RULES = """# What our texts do.
version: 1
languages: [it, en]
timezone: Europe/Rome
lists: {news: {title: Weekly news}}

rules:
  - name: news-on     # the newsletter
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome."
  - name: hours
    when:
      text:
        - orari
        - hours
      hours: Mon-Fri 09:00-18:00
    then: [{reply: "We are here."}]
fallback: {then: [{hand_off: unrecognised}]}
"""


@pytest.fixture
def file(tmp_path: Path) -> RulesFile:
    path = tmp_path / "rules.yaml"
    path.write_bytes(RULES.encode())
    return RulesFile(path=path)


@pytest.fixture
def desk(store: Store, clock: StandingClock, file: RulesFile) -> Desk:
    async def rules() -> Rules:
        return load_rules(file.path, {})

    return Desk(database=store.database, secret=store.secret, rules=rules, clock=clock)
