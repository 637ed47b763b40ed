"""All pages together: each has its place, each link an end, and each command that they name is one that there is."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from responder.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
BESIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/README.md")]
PAGES = [*BESIDE, *DOCS]
MODULES = {name: module for panel in COMMANDS.values() for module, commands in panel.items() for name in commands}
NAVIGATION = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]


def of_the_site(entries: list[str | dict[str, list[str]]]) -> Iterator[str]:
    """The pages that the navigation names, in its order."""
    for entry in entries:
        yield from [entry] if isinstance(entry, str) else (name for names in entry.values() for name in names)


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What may stand behind # in a link to a page."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*…]", "", title).strip().lower()).replace(" ", "-") for title in titles}


def commands_of(page: Path) -> Iterator[str]:
    """Every command of responder that a page names, in a sentence or in a block."""
    text = page.read_text()
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    for named in (*blocks.splitlines(), *re.findall(r"`([^`]+)`", prose(page))):
        yield from re.findall(r"(?:^|&& )(?:\S*/)?responder ([a-z][^&]*)", named)


COMMANDS_OF_PAGES = sorted({(page.name, command) for page in PAGES for command in commands_of(page)})


def test_every_page_has_its_place_in_the_site_and_only_those() -> None:
    assert sorted(of_the_site(NAVIGATION)) == [page.name for page in DOCS]


def test_the_first_page_names_every_other() -> None:
    first = (ROOT / "docs" / "index.md").read_text()
    assert [page.name for page in DOCS if page.name != "index.md" and f"({page.name})" not in first] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_a_page_of_the_site_leads_to_nothing_outside_of_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", prose(page))
    assert [link for link in links if link.startswith(("..", "/"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_place_in_a_page_finds_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", prose(page))
    assert [link for link in links if link[1] not in anchors(page.parent / link[0] if link[0] else page)] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_a_page_opens_with_one_title_and_what_it_is_for(page: Path) -> None:
    title, sentence = re.match(r"# (.+)\n\n(\S[^\n]*)", page.read_text()).groups()  # type: ignore[union-attr]
    assert title
    assert not sentence.startswith(("#", "|", "```", "-"))


@pytest.mark.parametrize(("page", "command"), COMMANDS_OF_PAGES)
def test_every_command_that_is_named_exists_with_its_options(page: str, command: str) -> None:
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    assert words[0] in MODULES, page
    found: object = get_group(import_module(f"responder.cli.{MODULES[words[0]]}").app)
    assert isinstance(found, TyperGroup)
    found = found.commands.get(words[0], found)
    if isinstance(found, TyperGroup) and len(words) > 1 and words[1].isalpha():
        assert words[1] in found.commands, page
        found = found.commands[words[1]]
    options = {option for parameter in getattr(found, "params", ()) for option in parameter.opts} | {"--help"}
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in options] == []


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "examples").iterdir())], ids=lambda page: page.name)
def test_nobody_is_told_to_install_from_an_index(page: Path) -> None:
    assert re.findall(r"(?:pip|pipx|uvx?)\b[^\n`]*\bsms-responder", page.read_text()) == []
