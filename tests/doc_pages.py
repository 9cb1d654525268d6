"""The documentation's pages, taken apart into what a reader would run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

_BLOCK = re.compile(
    r"(?P<long><!-- long: [^\n]+ -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SHELLS = ("sh", "console")


@dataclass(frozen=True)
class Block:
    """A fenced block; `long` if the page marks it as too slow for the tests."""

    language: str
    body: str
    long: bool

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command of a shell block, comments left out."""
        text = self.body.replace("\\\n", " ")
        lines = [line.strip().removeprefix("$ ") for line in text.splitlines()]
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def pages() -> list[str]:
    """Every page of the documentation, by its path in the repository."""
    docs = sorted(str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "docs").rglob("*.md"))
    return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *docs]


def text_of(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    return [
        Block(found["language"], found["body"], found["long"] is not None)
        for found in _BLOCK.finditer(text_of(page))
    ]


def prose_of(page: str) -> str:
    """The page without its blocks."""
    return _BLOCK.sub("", text_of(page))
