"""Strict reading of numbers out of JSON; every complaint names the file and the path inside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from printml.arrays import IntArray, frozen
from printml.errors import ModelError
from printml.files import read_text

LARGEST = 2**31 - 1


def load_json(path: Path, *, what: str) -> Any:
    """Parse a JSON file.

    Raises
    ------
    InputError
        If it cannot be read.
    ModelError
        If it is not JSON.
    """
    text = read_text(path, what=what)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{what} is not JSON: {error}", where=str(path), hint="Check the file's syntax"
        ) from error


class Place:
    """A value inside a JSON document, with the file and the path that lead to it."""

    def __init__(self, value: Any, *, file: str, path: str = "") -> None:
        self.value = value
        self.file = file
        self.path = path

    def __repr__(self) -> str:
        return f"{self.file}, {self.path or 'top level'}"

    def error(self, what: str, hint: str = "") -> ModelError:
        """A `ModelError` about this value."""
        return ModelError(what, where=repr(self), hint=hint)

    def __getitem__(self, key: str | int) -> Place:
        step = f"[{key}]" if isinstance(key, int) else f"{'.' if self.path else ''}{key}"
        return Place(self.value[key], file=self.file, path=self.path + step)

    def object(self, *, required: Sequence[str], optional: Sequence[str] = ()) -> Place:
        """This value, checked to be an object with just these keys."""
        if not isinstance(self.value, dict):
            raise self.error(f"expected an object, found {_kind(self.value)}")
        for key in required:
            if key not in self.value:
                raise self.error(f"the key `{key}` is missing", f"It needs {', '.join(required)}")
        for key in self.value:
            if key not in required and key not in optional:
                raise self.error(
                    f"unknown key `{key}`", f"Known keys: {', '.join((*required, *optional))}"
                )
        return self

    def items(self) -> list[Place]:
        """The elements, if this value is an array."""
        if not isinstance(self.value, list):
            raise self.error(f"expected an array, found {_kind(self.value)}")
        return [self[k] for k in range(len(self.value))]

    def text(self, *, among: Sequence[str] = ()) -> str:
        """This value, checked to be text (one of the given texts)."""
        if not isinstance(self.value, str):
            raise self.error(f"expected text, found {_kind(self.value)}")
        if among and self.value not in among:
            raise self.error(f"`{self.value}` is not known here", f"Use {', '.join(among)}")
        return self.value

    def integer(self, *, low: int = -LARGEST, high: int = LARGEST) -> int:
        """This value, checked to be an integer (not a boolean, not 3.0) in low..high."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.error(f"expected an integer, found {_kind(self.value)}")
        if not low <= self.value <= high:
            raise self.error(f"{_short(self.value)} is out of range", f"Use {low} to {high}")
        return self.value

    def integers(
        self, *, length: int | None = None, low: int = -LARGEST, high: int = LARGEST
    ) -> IntArray:
        """This value as a vector, int64."""
        items = self.items()
        if length is not None and len(items) != length:
            raise self.error(f"expected {length} numbers, found {len(items)}")
        return frozen([item.integer(low=low, high=high) for item in items], np.int64)

    def matrix(self, *, rows: int | None, columns: int) -> IntArray:
        """This value as a matrix, int64, shape (rows, columns)."""
        items = self.items()
        if rows is not None and len(items) != rows:
            raise self.error(f"expected {rows} rows, found {len(items)}")
        if not items:
            raise self.error("expected at least one row, found none")
        return frozen([item.integers(length=columns) for item in items], np.int64)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        return f"text `{value[:40]}`"
    return f"the number {_short(value)}"


def _short(value: float) -> str:
    if isinstance(value, int) and abs(value) >= 10**20:
        return (
            f"a number of {len(str(abs(value)))} digits"
            if abs(value) < 10**4000
            else "a huge number"
        )
    return str(value)
