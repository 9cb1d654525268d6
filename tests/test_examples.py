"""The examples in public docstrings give what they say."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

API = Path(__file__).resolve().parent.parent / "docs" / "reference" / "api.rst"
MODULES = sorted(set(re.findall(r"auto\w+:: (printml[\w.]*)\.\w+$", API.read_text(), re.M)))


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str) -> None:
    assert doctest.testmod(import_module(module)).failed == 0


NAMES = re.findall(r"autofunction:: (printml[\w.]*)\.(\w+)$", API.read_text(), re.M)
SHOWN_ON_PAGES = {
    "approximate_run", "build", "load_estimator", "read_model", "read_netlist", "read_run",
    "resynthesize", "train",
}  # fmt: skip
"""They need a run folder or a file, or take seconds; pages and other docstrings show them."""


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_function_of_the_reference_has_an_example(module: str, name: str) -> None:
    finder = doctest.DocTestFinder(exclude_empty=True, recurse=False)
    tests = finder.find(getattr(import_module(module), name), name)
    has_one = any(test.examples for test in tests)
    assert has_one != (name in SHOWN_ON_PAGES)
