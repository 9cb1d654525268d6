"""Tokens of Verilog text, cut by one regular expression.

A place is the index of a token; its line is only looked up when an error needs it, so large
files cost no more than one pass of the regular expression.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from printml.errors import NetlistError
from printml.verilog_names import KEYWORDS

SYSTEM_VERILOG_WORDS = frozenset({"class", "logic", "bit", "byte", "int"})
RESERVED = KEYWORDS - SYSTEM_VERILOG_WORDS
"""Words that are no names in Verilog-2005."""

_TOKEN = re.compile(
    r"""\s*(?:
      ( [A-Za-z_][\w$]*                                        # names and keywords
      | \\\S+                                                  # escaped names
      | (?:\d[\d_]*)?\s*'\s*[sS]?[bBoOdDhH]\s*[\da-fA-FxXzZ?_]+ # 4'hA, 'b0
      | \d[\d_]*
      | "(?:\\.|[^"\\\n])*"
      )
    | //[^\n]*
    | /\*(?s:.*?)\*/
    | \(\*(?!\s*\))(?:"(?:\\.|[^"\\\n])*"|[^"])*?\*\)           # attributes
    | `(?:timescale|line|pragma|define|undef|unconnected_drive|begin_keywords)\b(?:\\\n|[^\n])*
    | `(?:celldefine|endcelldefine|resetall|nounconnected_drive|end_keywords
         |suppress_faults|nosuppress_faults|enable_portfaults|disable_portfaults
         |delay_mode_\w+)\b
    | `default_nettype\s+\w+
    | ( `\w* | . )
    )""",
    re.VERBOSE | re.ASCII,
)


class TokenText:
    """The tokens of a file without blanks, comments, attributes and harmless directives.

    Attributes
    ----------
    tokens
        Token texts, ended by one empty string.
    """

    def __init__(self, text: str, *, name: str) -> None:
        self.text = text.rstrip()
        self.name = name
        pairs = _TOKEN.findall(self.text)
        self.tokens: list[str] = [word or mark for word, mark in pairs if word or mark]
        self.tokens.append("")

    def line(self, place: int) -> int:
        """Line, from 1, on which token `place` starts; the last line for the end of the file."""
        found = (m for m in _TOKEN.finditer(self.text) if m.lastindex)
        match = next(islice(found, place, None), None)
        end = len(self.text) if match is None else match.start(match.lastindex or 0)
        return self.text.count("\n", 0, end) + 1

    def error(self, what: str, place: int, *, hint: str = "") -> NetlistError:
        """A `NetlistError` that names file and line."""
        return NetlistError(what, where=f"{self.name}, line {self.line(place)}", hint=hint)


@lru_cache(maxsize=1 << 16)
def is_name(token: str) -> bool:
    """Whether a token is an identifier, plain or escaped."""
    first = token[:1]
    if first == "\\":
        return len(token) > 1
    return first.isascii() and (first.isalpha() or first == "_") and token not in RESERVED


def name_of(token: str) -> str:
    r"""The name an identifier token stands for: `\a[0]` is `a[0]`, `\abc` is `abc`."""
    return token[1:] if token[0] == "\\" else token
