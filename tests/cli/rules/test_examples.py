"""The examples in the commands' docstrings are true."""

import doctest
import importlib

import pytest

import responder.cli
from tests.test_doctests import modules


@pytest.mark.parametrize("name", modules(responder.cli))
def test_the_examples_of_the_commands_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
