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


def test_most_modules_of_the_reference_have_one() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    with_examples = [
        m for m in MODULES if any(test.examples for test in finder.find(import_module(m)))
    ]
    assert len(with_examples) >= 14
