"""The tables of the program and of each version before, as statements: what a migration begins and ends with.

``python -m tests.store.schemas.kept`` writes down those of the newest version, once its migration is there.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from responder.store.base.migration import NEWEST
from responder.store.base.tables import metadata

FOLDER = Path(__file__).parent
DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


def statements_of_program(dialect: str) -> list[str]:
    """What makes the tables and their indexes as the program has them now."""
    made: list[Any] = []
    for table in metadata.sorted_tables:
        made += [CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda index: str(index.name)))]
    return [" ".join(str(one.compile(dialect=DIALECTS[dialect].dialect())).split()) for one in made]


def statements_of(version: str, dialect: str) -> list[str]:
    """What made them in a version."""
    return _file(version, dialect).read_text().splitlines()


def versions_kept() -> list[str]:
    """The versions whose tables are written down here."""
    return sorted({path.name.partition(".")[0] for path in FOLDER.glob("*.sql")})


def fingerprint(statements: Iterable[str]) -> str:
    """What tells one state of the tables and their indexes, on both databases, from another."""
    return sha256("\n".join(sorted(statements)).encode()).hexdigest()[:12]


def _file(version: str, dialect: str) -> Path:
    return FOLDER / f"{version}.{dialect}.sql"


if __name__ == "__main__":
    for name in DIALECTS:
        with _file(NEWEST, name).open("x") as new:  # one that is there has been released, and stays as it is
            new.write("\n".join(statements_of_program(name)) + "\n")
