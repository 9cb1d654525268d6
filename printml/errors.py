"""The errors printml raises on purpose, each with the exit code of the command line.

A message says what went wrong, where, and what to do next. Anything else that
escapes is a bug and exits with code 1.
"""

from __future__ import annotations

from pathlib import Path


class PrintmlError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    what
        What is wrong, one sentence, no full stop needed.
    where
        File, line, column, command or object it was found at; may be empty.
    hint
        What the user can do next; may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        place = f" ({where})" if where else ""
        advice = f" {hint.rstrip('.')}." if hint else ""
        super().__init__(_visible(f"{what.rstrip('.')}{place}.{advice}"))


def _visible(text: str) -> str:
    """Control characters spelled out: what a hostile file holds must not steer a terminal."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


class InputError(PrintmlError):
    """The user's request or data cannot be used (exit code 2)."""

    exit_code = 2


class DataError(InputError):
    """A table of readings cannot be used."""


class ModelError(InputError):
    """A model or coefficient file cannot be used."""


class LibertyError(InputError):
    """A Liberty file cannot be used."""


class NetlistError(InputError):
    """A netlist is malformed or uses an unknown cell."""


class ToolError(PrintmlError):
    """An external tool is missing, failed or ran out of time (exit code 3)."""

    exit_code = 3


class CheckError(PrintmlError):
    """Two representations that must be equal differ (exit code 4)."""

    exit_code = 4


def unwritable_place(path: Path, error: OSError) -> InputError:
    """The error for a place that cannot be written (permissions, disk full ...)."""
    return InputError(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        hint="Free space or choose another folder with --out",
    )
