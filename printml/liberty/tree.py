"""A Liberty file as a tree of named groups with attributes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from printml.errors import LibertyError

MAX_NUMBER = 1e30
"""Far above any figure of a cell, and low enough that sums and products stay finite."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)


@dataclass(frozen=True)
class Attribute:
    """`name : value ;` or, when `is_complex`, `name (value, value, ...) ;`."""

    name: str
    values: tuple[str, ...]
    line: int
    is_complex: bool = False


@dataclass(frozen=True)
class Group:
    """`name (args) { attributes and groups }`, in file order; `where` is `file:line`."""

    name: str
    args: tuple[str, ...]
    line: int
    source: str
    attributes: tuple[Attribute, ...]
    groups: tuple[Group, ...]

    @property
    def where(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def label(self) -> str:
        """First argument, or an empty string."""
        return self.args[0] if self.args else ""

    def attribute(self, name: str) -> Attribute | None:
        """The last attribute of that name (a later one overrides), or None."""
        found = [attribute for attribute in self.attributes if attribute.name == name]
        return found[-1] if found else None

    def text(self, name: str) -> str | None:
        """Value of a simple attribute, None if absent."""
        found = self.attribute(name)
        if found is None:
            return None
        if len(found.values) != 1:
            raise self.error(f"{name} must have one value, not {len(found.values)}", found.line)
        return found.values[0]

    def number(self, name: str) -> float | None:
        """Value of a simple numeric attribute, None if absent.

        Raises
        ------
        LibertyError
            If the value is not a number.
        """
        value = self.text(name)
        if value is None:
            return None
        found = self.attribute(name)
        return parse_number(value, what=name, where=self._at(found.line if found else self.line))

    def numbers(self, attribute: Attribute) -> tuple[float, ...]:
        """All numbers of an attribute's values, which may be lists such as "1, 2"."""
        pieces = " ".join(attribute.values).replace(",", " ").split()
        where = self._at(attribute.line)
        return tuple(parse_number(piece, what=attribute.name, where=where) for piece in pieces)

    def subgroups(self, *names: str) -> tuple[Group, ...]:
        """Direct subgroups with one of these names, in file order."""
        return tuple(group for group in self.groups if group.name in names)

    def error(self, what: str, line: int | None = None, *, hint: str = "") -> LibertyError:
        """A `LibertyError` placed in this group."""
        return LibertyError(what, where=self._at(line or self.line), hint=hint)

    def _at(self, line: int) -> str:
        return f"{self.source}:{line}"

    def __repr__(self) -> str:
        return f"Group({self.name}({', '.join(self.args)}), line {self.line})"


def parse_number(text: str, *, what: str, where: str) -> float:
    """A decimal number up to 1e30; `nan`, `inf`, `1_000` and expressions are refused."""
    value = float(text) if _NUMBER.match(text) else math.nan
    if not abs(value) <= MAX_NUMBER:
        raise LibertyError(f"{what} is not a number: {clip(text)}", where=where)
    return value


def clip(text: str) -> str:
    """`text` short enough for a message, with odd characters escaped."""
    return repr(text if len(text) <= 40 else text[:40] + "...") if text else ""
