"""Read a Liberty file into a `CellLibrary`."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from printml.errors import LibertyError
from printml.liberty.cell import Context, read_cell
from printml.liberty.library import Cell, CellLibrary
from printml.liberty.parser import parse_liberty
from printml.liberty.tree import Group
from printml.liberty.units import Units, read_units

_INVERTER = (1, 0b01)
_NAND2 = (2, 0b0111)
_NOR2 = (2, 0b0001)


def read_library(path: Path | str) -> CellLibrary:
    """Read the combinational cells of a Liberty file.

    Cells that combinational logic has no use for are skipped: sequential and three-state cells,
    cells with several outputs or more than four inputs. Figures are taken as follows.

    * Area is in um2. Time, load, leakage and voltage units are those the file declares.
    * Static power per input state comes from the `leakage_power` group whose `when` is met (it
      may name the output); other states take `cell_leakage_power`.
    * An input loads its net with the upper end of its capacitance ranges, else with its rise or
      fall capacitance, else with `capacitance`.
    * Delays are lines over the load, by least squares through the smallest-slew row of each
      table. Of several arcs between the same pins the slowest counts.
    * Delays and energies that the file lacks are NaN, and `notes` says so.

    Parameters
    ----------
    path
        A Liberty text file in UTF-8.

    Returns
    -------
    CellLibrary
        With the file's `printml_note` attributes in `notes`.

    Raises
    ------
    LibertyError
        If the file is missing, is not Liberty, is truncated, lacks a figure that cannot be
        done without, or has no inverter or neither a NAND2 nor a NOR2.

    Examples
    --------
    >>> from printml.liberty.locate import find_library
    >>> sorted(read_library(find_library("egfet", 0.6).path).cells)[:3]
    ['AND2X1', 'INVX1', 'NAND2X1']
    """
    return _library(Path(path), _read_bytes(Path(path)))


@lru_cache(maxsize=16)  # a build asks for every corner some eighty times
def _library(path: Path, data: bytes) -> CellLibrary:
    group = parse_liberty(_decode(data, path), source=str(path))
    units = read_units(group)
    templates = {
        template.label: template
        for template in group.subgroups("lu_table_template", "power_lut_template")
    }
    context = Context(units, templates)
    cells: dict[str, Cell] = {}
    seen: set[str] = set()
    for cell_group in group.subgroups("cell"):
        if len(cell_group.args) != 1 or cell_group.label in seen:
            raise cell_group.error(f"cell name ({', '.join(cell_group.args)}) missing or repeated")
        seen.add(cell_group.label)
        cell = read_cell(cell_group, context)
        if cell is not None:
            cells[cell.name] = cell
    _check_gates(group, cells)
    return CellLibrary(
        name=group.label or path.stem,
        vdd=_vdd(group, units),
        cells=MappingProxyType(cells),
        notes=(*_notes(group), *_gaps(cells)),
        path=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def require_timing(library: CellLibrary) -> None:
    """Check that every cell has delays.

    Raises
    ------
    LibertyError
        If one has none; names the cell and pin.
    """
    _require(library, _TIMING, "delay", hint="Choose a library with timing groups")


def has_timing(library: CellLibrary) -> bool:
    """Whether every cell has delays; some characterisations have none."""
    try:
        require_timing(library)
    except LibertyError:
        return False
    return True


def require_energy(library: CellLibrary) -> None:
    """Check that every cell has switching energies.

    Raises
    ------
    LibertyError
        If one has none; names the cell and pin.
    """
    _require(library, _ENERGY, "switching energy", hint="Add internal_power groups to the file")


_TIMING = ("rise_t0_ms", "rise_k_ms_per_pf", "fall_t0_ms", "fall_k_ms_per_pf")
_ENERGY = ("rise_energy_pj", "fall_energy_pj")


def _gap(cell: Cell, fields: tuple[str, ...]) -> str:
    """The first input pin that lacks one of the figures, or an empty string."""
    missing = np.any([np.isnan(getattr(cell, name)) for name in fields], axis=0)
    return cell.inputs[int(np.argmax(missing))] if missing.any() else ""


def _require(library: CellLibrary, fields: tuple[str, ...], what: str, *, hint: str) -> None:
    for cell in library.cells.values():
        if pin := _gap(cell, fields):
            raise LibertyError(
                f"library {library.name} has no {what} for cell {cell.name} from pin {pin}",
                where=library.path,
                hint=hint,
            )


def _gaps(cells: dict[str, Cell]) -> list[str]:
    notes = []
    for fields, what in (
        (_TIMING, "delays, so no critical path or highest sampling rate can be given"),
        (_ENERGY, "switching energies, so no total power can be given"),
    ):
        without = [cell.name for cell in cells.values() if _gap(cell, fields)]
        if without:
            whose = "" if len(without) == len(cells) else f", for {', '.join(without)},"
            notes.append(f"The library has{whose} no {what}")
    return notes


def _notes(group: Group) -> list[str]:
    notes = [item for item in group.attributes if item.name == "printml_note"]
    return [" ".join(note.values) for note in notes]


def _vdd(group: Group, units: Units) -> float:
    """Supply of the default operating conditions, else the nominal one."""
    volts = None
    default = group.text("default_operating_conditions")
    for conditions in group.subgroups("operating_conditions"):
        if default is not None and conditions.label == default:
            volts = conditions.number("voltage")
    if volts is None:
        volts = group.number("nom_voltage")
    if volts is None or volts <= 0:
        raise group.error(
            "the library has no supply voltage above 0", hint="Add nom_voltage to the file"
        )
    return volts * units.v_per_voltage


def _check_gates(group: Group, cells: dict[str, Cell]) -> None:
    functions = {(cell.n_inputs, cell.truth_table) for cell in cells.values()}
    missing = [] if _INVERTER in functions else ["an inverter"]
    if not functions & {_NAND2, _NOR2}:
        missing.append("a two-input NAND or NOR")
    if missing:
        found = ", ".join(cells) or "none"
        raise group.error(
            f"the library lacks {' and '.join(missing)}; usable cells found: {found}",
            hint="Every circuit needs these gates. Is the file complete?",
        )


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LibertyError(
            f"the Liberty file cannot be read: {error.strerror or error}",
            where=str(path),
            hint="Check the path; `printml lib list` names the built-in libraries",
        ) from error


def _decode(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LibertyError(
            "the file is not UTF-8 text",
            where=f"{path}:{line}",
            hint="Is this a Liberty file? Compressed files must be unpacked first",
        ) from error
