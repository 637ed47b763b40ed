"""Rows as records and back: every field and column by its name."""

from dataclasses import dataclass
from enum import StrEnum

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select

from responder.core.sms.message import Order
from responder.store.base.records import as_row, from_row, order_of
from tests.conftest import NOON

coats = Table("coats", MetaData(), Column("size", Integer), Column("colour", String), Column("lining", String))


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True, slots=True)
class Coat:
    size: int
    colour: Colour
    lining: Colour | None = None
    worn_by: str = "nobody"


RED_COAT = Coat(size=3, colour=Colour.RED, worn_by="somebody")


def test_a_record_comes_back_from_its_row() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        coats.create(connection)
        connection.execute(insert(coats), as_row(RED_COAT, coats))
        found = from_row(Coat, connection.execute(select(coats)).one(), worn_by="somebody")
    assert found == RED_COAT
    assert found.colour is Colour.RED


def test_what_a_table_does_not_have_is_not_in_the_row() -> None:
    assert as_row(RED_COAT, coats, lining="blue") == {"size": 3, "colour": "red", "lining": "blue"}


def test_a_field_without_a_column_must_be_given() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        coats.create(connection)
        connection.execute(insert(coats), as_row(RED_COAT, coats))
        row = connection.execute(select(coats)).one()
    with pytest.raises(KeyError, match="worn_by"):
        from_row(Coat, row)


def test_the_order_of_a_text_is_kept_in_two_columns() -> None:
    assert [order_of(NOON, 7), order_of(NOON, None), order_of(None, None)] == [Order(NOON, 7), Order(NOON, 0), None]
