"""Write files whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from printml.errors import InputError, unwritable_place


def cache_folder() -> Path:
    """Folder for what can be made or fetched again: `$XDG_CACHE_HOME/printml`, else `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG rule: a relative path counts as not set.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "printml"


def write_text_atomic(path: Path, text: str) -> None:
    """Write `text` (UTF-8, newlines as given) beside `path`, then rename over it.

    Raises
    ------
    InputError
        If the folder is missing, not writable or full; an existing file is left as it was.
    """
    write_bytes_atomic(path, text.encode("utf-8"))


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """As `write_text_atomic`, for bytes."""
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise unwritable_place(path, error) from error


def write_json_atomic(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with full float precision; NaN and inf are refused."""
    write_text_atomic(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_text(path: Path, *, what: str) -> str:
    """Read a UTF-8 text file; `what` names its role in the error ("coefficient file").

    Raises
    ------
    InputError
        If it is missing, unreadable, a folder, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} is not UTF-8 text: byte {error.start} cannot be decoded",
            where=str(path),
            hint="Save the file as UTF-8",
        ) from error
    except OSError as error:
        raise InputError(
            f"{what} cannot be read: {error.strerror or error}",
            where=str(path),
            hint="Check the path and its permissions",
        ) from error


def write_csv_atomic(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write records with a header of the first one's keys; no records give an empty file."""
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    write_text_atomic(path, text.getvalue())
