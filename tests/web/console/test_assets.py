"""What pages load, and what templates may never do."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from responder.web.console.frame.assets import assets
from tests.web.console.conftest import Installation
from tests.web.console.sentences import FOLDER

TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
MOST_LINES = {"css": 400}  # and 300 of a script
LOADED = re.compile(r"assets\.(\w+)\.path")
EVERYWHERE = LOADED.findall((FOLDER / "templates" / "base.html").read_text("utf-8"))
LARGEST = 12_000  # bytes of a page's sheet and scripts together, compressed


def test_sheet_and_scripts_are_short() -> None:
    lines = {kind: len(asset.body.splitlines()) for kind, asset in assets().items()}
    assert {kind: count for kind, count in lines.items() if count > MOST_LINES.get(kind, 300)} == {}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_what_a_page_loads_stays_small(template: Path) -> None:
    loaded = {*EVERYWHERE, *LOADED.findall(template.read_text("utf-8"))}
    assert {"css", "js"} <= loaded
    assert sum(len(gzip.compress(assets()[kind].body)) for kind in loaded) <= LARGEST


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_trusts_a_value_or_writes_a_style_or_a_handler(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"\|\s*safe|autoescape|style=|\son[a-z]+=|<style|javascript:", text)


def test_no_module_makes_markup_of_a_text() -> None:
    assert [path.name for path in FOLDER.rglob("*.py") if "Markup" in path.read_text("utf-8")] == []


async def test_the_sheet_may_be_kept_for_ever_since_its_address_changes_with_it(installation: Installation) -> None:
    async with installation.browser() as browser:
        sheet = await browser.get(assets()["css"].path)
        older = await browser.get("/static/console-000000000000.css")
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["content-encoding"] == "gzip"
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert older.status_code == 404


def test_a_web_process_that_nobody_looks_at_carries_nothing_of_the_console() -> None:
    script = "import sys, responder.web.server; print([name for name in sys.modules if 'web.console' in name])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"[]\n"
