"""The package as it is built: everything that the program reads is in it, and it says what it is."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGE = ROOT / "responder"
FILES = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}]


def test_every_file_that_is_no_module_is_packed() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["responder"]
    names = [path.relative_to(PACKAGE).as_posix() for path in FILES]
    assert [name for name in names if not any(fnmatchcase(name, pattern) for pattern in patterns)] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]


def test_no_address_of_a_project_is_given_while_there_is_none() -> None:
    assert "urls" not in PROJECT["project"]


def test_the_license_is_an_expression_and_no_classifier() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert [name for name in PROJECT["project"]["classifiers"] if name.startswith("License")] == []
