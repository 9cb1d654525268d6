"""Liberty text to a tree of groups; knows the syntax and nothing about cells.

The walk over the tokens keeps its own stack, so deep nesting cannot overflow Python's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from printml.errors import LibertyError
from printml.liberty.tree import Attribute, Group, clip

MAX_DEPTH = 64
"""Groups inside groups; real libraries need fewer than ten."""

# Possessive quantifiers: a hostile file must not make the matcher try every split.
_TOKEN = re.compile(
    r"""
      (?P<space>   [ \t\r\f\v]+ | \\[ \t\r]*\n | //[^\n]* )
    | (?P<newline> \n )
    | (?P<comment> /\*.*?\*/ )
    | (?P<string>  "(?: [^"\\\n]++ | \\[ \t\r]*+\n | \\[^\n] )*+" )
    | (?P<mark>    [(){}:;,] )
    | (?P<word>    (?: \[\s*\d+\s*:\s*\d+\s*\] | /(?![*/]) | [^\s"(){}:;,/\\] )++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTINUATION = re.compile(r"\\[ \t\r]*\n[ \t]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass
class _Open:
    """A group whose closing brace has not been met yet."""

    name: str
    args: tuple[str, ...]
    line: int
    attributes: list[Attribute] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True)
class _Token:
    kind: str  # "word", "string", "mark" or "end"
    text: str
    line: int
    starts_line: bool


def parse_liberty(text: str, *, source: str = "<text>") -> Group:
    """Parse Liberty text and return its `library` group.

    Parameters
    ----------
    text
        The whole file. `include_file` is refused: a library is one file.
    source
        File name for error messages.

    Raises
    ------
    LibertyError
        On any syntax error, with `source:line`.
    """
    return _Parser(text, source).library()


class _Parser:
    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._tokens = self._scan(text)
        self._token = next(self._tokens)

    def library(self) -> Group:
        if self._token.kind == "end":
            raise self._error("the file is empty", hint="A Liberty file starts with library (NAME)")
        name, line = self._name(), self._token.line
        if name != "library":
            raise self._error(
                f"expected library (NAME) {{, found {clip(name)}",
                line=line,
                hint="Is this a Liberty file?",
            )
        group = self._body(_Open(name, self._arguments(), line))
        while self._at(";"):
            self._advance()
        if self._token.kind != "end":
            raise self._error(f"unexpected {clip(self._token.text)} after the library")
        return group

    def _body(self, root: _Open) -> Group:
        self._expect("{")
        stack = [root]
        while True:
            here = stack[-1]
            if self._at("}"):
                self._advance()
                closed = self._close(stack.pop())
                if not stack:
                    return closed
                stack[-1].groups.append(closed)
            elif self._at(";"):
                self._advance()
            elif self._token.kind == "end":
                raise self._error(
                    f"the file ends inside {here.name} ({', '.join(here.args)}), which was "
                    f"opened on line {here.line}",
                    hint="The file is truncated or a closing brace is missing",
                )
            else:
                opened = self._statement(here)
                if opened is not None:
                    self._expect("{")
                    if len(stack) >= MAX_DEPTH:
                        raise self._error(f"groups are nested deeper than {MAX_DEPTH} levels")
                    stack.append(opened)

    def _statement(self, here: _Open) -> _Open | None:
        """Read an attribute into `here`, or return the group whose `{` comes next."""
        line = self._token.line
        name = self._name()
        if name == "include_file":
            raise self._error(
                "include_file is not supported",
                line=line,
                hint="Put the included text into the file itself",
            )
        if self._at(":"):
            self._advance()
            here.attributes.append(Attribute(name, (self._simple_value(name),), line))
            return None
        args = self._arguments()
        if self._at("{"):
            return _Open(name, args, line)
        here.attributes.append(Attribute(name, args, line, is_complex=True))
        return None

    def _simple_value(self, name: str) -> str:
        """The value up to `;`; a forgotten semicolon ends at the next line."""
        pieces: list[str] = []
        while self._token.kind != "end" and not self._at(";", "{", "}"):
            if pieces and self._token.starts_line:
                break
            pieces.append(self._advance().text)
        if self._at("{") or not pieces:
            raise self._error(f"{name} has no value")
        return " ".join(pieces)

    def _arguments(self) -> tuple[str, ...]:
        opening = self._expect("(")
        args: list[str] = []
        while True:
            token = self._advance()
            if token.kind == "mark" and token.text == ")":
                return tuple(args)
            if token.kind == "end" or (token.kind == "mark" and token.text != ","):
                raise self._error(
                    f"expected ) to match the ( of line {opening.line}, "
                    f"found {clip(token.text) or 'the end of the file'}",
                    line=token.line,
                )
            if token.kind != "mark":
                args.append(token.text)

    def _at(self, *marks: str) -> bool:
        return self._token.kind == "mark" and self._token.text in marks

    def _name(self) -> str:
        token = self._advance()
        if token.kind != "word" or not _NAME.match(token.text):
            raise self._error(
                f"expected a name, found {clip(token.text) or 'the end of the file'}",
                line=token.line,
            )
        return token.text

    def _expect(self, mark: str) -> _Token:
        token = self._advance()
        if token.kind != "mark" or token.text != mark:
            raise self._error(
                f"expected {mark}, found {clip(token.text) or 'the end of the file'}",
                line=token.line,
            )
        return token

    def _advance(self) -> _Token:
        token = self._token
        if token.kind != "end":
            self._token = next(self._tokens)
        return token

    def _close(self, group: _Open) -> Group:
        return Group(
            group.name,
            group.args,
            group.line,
            self._source,
            tuple(group.attributes),
            tuple(group.groups),
        )

    def _error(self, what: str, *, line: int | None = None, hint: str = "") -> LibertyError:
        where = f"{self._source}:{line if line is not None else self._token.line}"
        return LibertyError(what, where=where, hint=hint)

    def _scan(self, text: str) -> Iterator[_Token]:
        position, line, starts_line = 0, 1, True
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise LibertyError(_scan_problem(text, position), where=f"{self._source}:{line}")
            kind, found = str(match.lastgroup), match.group()
            if kind in ("word", "string", "mark"):
                if _CONTROL.search(found):
                    raise LibertyError(
                        f"control character in {clip(found)}",
                        where=f"{self._source}:{line}",
                        hint="Is this a text file?",
                    )
                token = _CONTINUATION.sub("", found[1:-1]) if kind == "string" else found
                yield _Token(kind, token, line, starts_line)
            starts_line = kind == "newline" or (starts_line and kind in ("space", "comment"))
            line += found.count("\n")
            position = match.end()
        yield _Token("end", "", line, True)


def _scan_problem(text: str, position: int) -> str:
    if text.startswith('"', position):
        return "a string is not closed on its line"
    if text.startswith("/*", position):
        return "a comment is not closed"
    return f"unexpected character {text[position]!r}"
