"""Each mistake in a rules file is told with its place and its remedy: ``bad/<mistake>.yaml`` and, beside it, what is said."""

import base64
from pathlib import Path

import pytest

from responder.errors import RulesError
from responder.rulefile import read_rules
from responder.rulefile.reading.folder import Folder

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
ENVIRONMENT = {
    "GOOD_SECRET": "whsec_" + base64.b64encode(b"s" * 24).decode(),
    "SHORT_SECRET": "whsec_" + base64.b64encode(b"short").decode(),
    "PLAIN_SECRET": "plain",
    "EMPTY_SECRET": "",
}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place_and_its_remedy(path: Path) -> None:
    with pytest.raises(RulesError) as refused:
        read_rules(path.read_bytes().decode(), "rules.yaml", ENVIRONMENT, Folder(path.parent))
    assert str(refused.value) == path.with_suffix(".txt").read_text("utf-8").rstrip("\n")


def test_every_expected_text_belongs_to_a_mistake() -> None:
    assert [path.stem for path in BAD] == sorted(path.stem for path in BAD[0].parent.glob("*.txt"))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(RulesError) as refused:
        read_rules("version: 1\ncountry: UK\nlanguages: [xx]\nrules:\n  - then: []\n", "rules.yaml", {})
    places = [(mistake.line, mistake.column) for mistake in refused.value.mistakes]
    assert places == sorted(places)
    assert len(places) == 5


@pytest.mark.parametrize("secret", ["hunter2-literal", "${PLAIN_SECRET}", "${SHORT_SECRET}"])
def test_no_secret_and_no_url_is_repeated_in_a_mistake(secret: str) -> None:
    text = f"version: 1\nwebhooks: {{crm: {{url: 'ftp://host/token-in-path', secret: '{secret}'}}}}\n"
    with pytest.raises(RulesError) as refused:
        read_rules(text, "rules.yaml", ENVIRONMENT)
    for hidden in ("hunter2", ENVIRONMENT["SHORT_SECRET"], "'plain'", "token-in-path"):
        assert hidden not in str(refused.value)
