"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import responder.actions
import responder.core
import responder.gateways
import responder.rulefile


def modules(*packages: ModuleType) -> list[str]:
    """The modules of packages, by name."""
    return [
        module.name
        for package in packages
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


@pytest.mark.parametrize("name", modules(responder.core, responder.actions, responder.gateways, responder.rulefile))
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
