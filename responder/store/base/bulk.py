"""Many rows through one statement: it is compiled once, and its rows go straight to the driver."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ClauseElement,
    Column,
    ColumnElement,
    Dialect,
    Table,
    TableValuedAlias,
    TypeDecorator,
    bindparam,
    func,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from responder.store.base.sqlite.in_place import InPlace, expect

KEPT = 100  # statements that stay compiled; there are about a dozen for each database
Value = tuple[str, Any, Callable[[Any], Any] | None]
"""What a value is called in a row, what it is where the row does not name it, and how it is written for the driver."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A statement as the driver takes it, with its values in their order."""

    statement: str
    columns: tuple[Value, ...]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        if len(rows) == 1:
            return [tuple([_one(rows[0], *column) for column in self.columns])]
        return list(zip(*(_written(rows, *column) for column in self.columns), strict=True))


async def execute_many(connection: AsyncConnection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement for each of the rows, which all name the same values.

    SQLAlchemy would look up each value of each row in the statement anew, which costs more than the database does.
    """
    if rows:
        compiled = _compiled(statement, connection.dialect, tuple(rows[0]))
        expect(connection, len(rows))
        if isinstance(connection, InPlace) and connection.is_here:
            connection.run_now(compiled.statement, compiled.values(rows))
        else:
            await connection.exec_driver_sql(compiled.statement, compiled.values(rows))


def ready(statement: ClauseElement, dialect: Dialect) -> tuple[str, tuple[Any, ...]]:
    """A statement with its values as the driver takes them, for one who has no time to compile it behind a lock."""
    compiled = _compile(statement, dialect, ())
    return compiled.statement, compiled.values([{}])[0]


def _compile(statement: ClauseElement, dialect: Dialect, names: tuple[str, ...]) -> Compiled:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    constants = {name: bind.value for bind, name in compiled.bind_names.items()}
    writers = {
        name: write
        for bind, name in compiled.bind_names.items()
        if (write := bind.type.dialect_impl(dialect).bind_processor(dialect))
    }
    columns = [(name, constants[name], writers.get(name)) for name in compiled.positiontup]
    return Compiled(statement=str(compiled), columns=tuple(columns))


_compiled = lru_cache(maxsize=KEPT)(_compile)


def each_of(name: str, *, is_sqlite: bool) -> TableValuedAlias:
    """A list of texts that is handed in under this name, as rows of one ``value``."""
    rows = func.json_each if is_sqlite else func.json_array_elements_text
    return rows(bindparam(name, type_=JSON)).table_valued("value").alias(f"each_of_{name}")


class Listed(TypeDecorator[Collection[Any]]):
    """Many values in one: an array on PostgreSQL, on SQLite a list in JSON."""

    impl = JSON
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(self.of))

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401
        return None if value is None else list(value)


class _Among(FunctionElement[bool]):
    """Whether a column is one of the values in a list."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> Self:
        """As it is: SQLAlchemy would compare it with 1 for SQLite, which then finds no index."""
        return self


def among(column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column is one of many values, all in one parameter, so that no SQL is read anew for each batch."""
    return _Among(column, bindparam(None, values, type_=Listed(type(column.type)()), unique=True))


def among_listed(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of many values that are handed in under this name, for statements that are kept."""
    return _Among(column, bindparam(name, type_=Listed(type(column.type)())))


@compiles(_Among)
def _any_of_array(element: _Among, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _any_in_json(element: _Among, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  (names and places of values)


def _one(row: Mapping[str, Any], name: str, constant: Any, write: Callable[[Any], Any] | None) -> Any:  # noqa: ANN401
    value = row.get(name, constant)
    return write(value) if write else value


def _written(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    constant: Any,  # noqa: ANN401
    write: Callable[[Any], Any] | None,
) -> list[Any]:
    if name not in rows[0]:
        return [write(constant) if write else constant] * len(rows)
    values = [row[name] for row in rows]
    return [write(value) for value in values] if write else values


Values = tuple[Any, ...]


class Insertion:
    """How rows come into a table of SQLite; those that are there already change nothing."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        dialect = sqlite.dialect()
        self._head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608  (names of our own)
        self._row = f"({', '.join('?' * len(columns))})"
        writers = (table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns)
        self._writers = {at: write for at, write in enumerate(writers) if write}
        self._width = len(columns)

    def statement(self, rows: Sequence[Values]) -> tuple[str, Values]:
        """The statement, and the values that go with it.

        >>> from responder.store.base.tables import contacts
        >>> Insertion(contacts, ["originator", "revision"]).statement([("+39330", 1)])
        ('INSERT INTO contacts (originator, revision) VALUES (?, ?) ON CONFLICT DO NOTHING', ('+39330', 1))
        """
        values = [value for row in rows for value in row]
        for at, write in self._writers.items():
            values[at :: self._width] = map(write, values[at :: self._width])
        return f"{self._head}{', '.join([self._row] * len(rows))} ON CONFLICT DO NOTHING", tuple(values)
