"""Putting what was restored in its place, and taking back what was not finished."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from responder.errors import ConfigurationError
from responder.keeping.archive import part_of
from responder.keeping.envelope import Manifest, Part
from responder.keeping.placing import JOURNAL, Places, put_in_place, take_back
from tests.keeping.test_archive import MANIFEST


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "data").mkdir()
    return Places(rules=tmp_path / "rules.yaml", database=tmp_path / "data" / "responder.db")


def unpacked(places: Places, **texts: str) -> tuple[Path, Manifest]:
    """A folder as a backup is unpacked into, with these files."""
    folder = places.database.parent / "restoring"
    names = {"database": "responder.db", "rules": "rules/rules.yaml", "secret": "secret"}
    parts = [Part(name=names[name], size=len(text), sha256="0" * 64) for name, text in texts.items()]
    for name, text in texts.items():
        place = folder / names[name]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder, replace(MANIFEST, parts=parts)


def test_every_file_comes_to_its_place(places: Places) -> None:
    assert put_in_place(*unpacked(places, database="db", rules="mine"), places) == ((), None)
    assert places.database.read_text() == "db"
    assert places.rules.read_text() == "mine"


def test_a_finished_one_is_not_taken_back(places: Places) -> None:
    folder, manifest = unpacked(places, database="db", rules="mine")
    put_in_place(folder, manifest, places)
    take_back(folder)
    assert places.database.read_text() == "db"
    assert not folder.exists()


@pytest.fixture
def unfinished(places: Places) -> Path:
    """What a restore leaves that was killed with its files in place, before it said so."""
    folder, _ = unpacked(places)
    places.rules.write_text("mine")
    places.database.write_text("db")
    folder.mkdir()
    placed = {str(places.rules): part_of("", places.rules).sha256, str(places.database): ""}
    (folder / JOURNAL).write_text(json.dumps(placed))
    return folder


def test_an_unfinished_one_is_taken_back_with_what_it_had_put_in_place(places: Places, unfinished: Path) -> None:
    take_back(unfinished)
    assert [path.exists() for path in (places.rules, places.database, unfinished)] == [False, False, False]


def test_rules_that_somebody_wrote_there_since_are_not_taken_back(places: Places, unfinished: Path) -> None:
    places.rules.write_text("written by hand")
    take_back(unfinished)
    assert places.rules.read_text() == "written by hand"
    assert not places.database.exists()


def test_rules_that_are_the_same_stay_as_they_are(places: Places) -> None:
    places.rules.write_text("mine")
    assert put_in_place(*unpacked(places, database="db", rules="mine"), places) == ((), None)


def test_a_file_beside_the_rules_is_not_overwritten_either(places: Places) -> None:
    beside = places.rules.with_name("rules.yaml.restored")
    places.rules.write_text("mine")
    beside.write_text("of last time")
    with pytest.raises(ConfigurationError, match=r"rules\.yaml\.restored: there already, and nothing is overwritten"):
        put_in_place(*unpacked(places, database="db", rules="another"), places)
    assert beside.read_text() == "of last time"
    assert not places.database.exists()


def test_a_secret_that_is_set_there_is_not_written(places: Places) -> None:
    there = Places(rules=places.rules, database=places.database, secret="the same")
    assert put_in_place(*unpacked(places, database="db", secret="the same"), there) == ((), None)
    assert not (places.database.parent / "secret").exists()


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_no_file_of_a_database_may_be_there(places: Places, end: str) -> None:
    (places.database.parent / f"responder.db{end}").touch()
    with pytest.raises(ConfigurationError, match="there is a database already"):
        places.require_free()
