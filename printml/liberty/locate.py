"""Find the cell libraries that come with printml."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import printml
from printml.errors import LibertyError
from printml.liberty.library import CellLibrary
from printml.liberty.reader import read_library

_FILE = re.compile(r"(?P<name>.+)_(?P<volts>\d+)p(?P<fraction>\d+)V\.lib\Z")


@dataclass(frozen=True)
class LibraryEntry:
    """A built-in library: its name, supplies in volts (rising), and the file of each."""

    name: str
    vdds: tuple[float, ...]
    paths: tuple[Path, ...]


def cell_libs_folder() -> Path:
    """The folder of the built-in libraries: inside the installed package, else the repository.

    Raises
    ------
    LibertyError
        If neither exists.
    """
    package = Path(printml.__file__).resolve().parent
    for folder in (package / "_cell_libs", package.parent / "cell_libs"):
        if folder.is_dir():
            return folder
    raise LibertyError(
        "the built-in cell libraries are missing",
        where=str(package),
        hint="Install printml again, or name your own file with --liberty",
    )


def list_libraries(*, folder: Path | None = None) -> tuple[LibraryEntry, ...]:
    """All built-in libraries by name; a library is a folder of files `NAME_1p0V.lib`.

    Parameters
    ----------
    folder
        Where to look instead of `cell_libs_folder()`.

    Examples
    --------
    >>> [(entry.name, min(entry.vdds)) for entry in list_libraries()]
    [('cnt', 2.6), ('egfet', 0.6)]
    """
    entries = []
    root = folder if folder is not None else cell_libs_folder()
    for library in sorted(path for path in root.iterdir() if path.is_dir()):
        corners = []
        for path in library.iterdir():
            match = _FILE.match(path.name)
            if match and match["name"] == library.name:
                corners.append((float(f"{match['volts']}.{match['fraction']}"), path))
        if corners:
            corners.sort()
            vdds, paths = zip(*corners, strict=True)
            entries.append(LibraryEntry(library.name, vdds, paths))
    return tuple(entries)


def find_library(
    name_or_path: str | Path, vdd: float | None = None, *, folder: Path | None = None
) -> CellLibrary:
    """Read a built-in library by name, or any Liberty file by path.

    Parameters
    ----------
    name_or_path
        `egfet`, `cnt`, or a path (anything that ends in `.lib` or has a folder in it).
    vdd
        Supply in volts. May be left out for a path, which has one supply, and must agree with
        the file otherwise.
    folder
        Where to look for names instead of `cell_libs_folder()`.

    Raises
    ------
    LibertyError
        If the name or supply is unknown (lists those available), or the file cannot be used.

    Examples
    --------
    >>> library = find_library("egfet", 1.0)
    >>> round(library.cells["NAND2X1"].area_mm2, 4), library.vdd
    (0.2479, 1.0)
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".lib") or "/" in text:
        library = read_library(text)
        if vdd is not None and abs(library.vdd - vdd) > 1e-9:
            raise LibertyError(
                f"the library is for {library.vdd:g} V, not {vdd:g} V",
                where=library.path,
                hint=f"Ask for {library.vdd:g} V or choose another file",
            )
        return library
    entries = {entry.name: entry for entry in list_libraries(folder=folder)}
    entry = entries.get(text)
    if entry is None:
        near = difflib.get_close_matches(text, entries, n=1)
        raise LibertyError(
            f"there is no cell library {text!r}",
            hint=(f"Did you mean {near[0]}? " if near else "")
            + f"Available: {', '.join(entries)}, or the path of a .lib file",
        )
    for volts, path in zip(entry.vdds, entry.paths, strict=True):
        if vdd is not None and abs(volts - vdd) < 1e-9:
            return read_library(path)
    asked = "no supply was given" if vdd is None else f"there is no corner at {vdd:g} V"
    raise LibertyError(
        f"library {text}: {asked}",
        hint=f"Available: {', '.join(f'{volts:g}' for volts in entry.vdds)} V",
    )
