"""From a Liberty file to figures, with figures typed in by hand."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printml.errors import LibertyError
from printml.liberty.library import Cell, CellLibrary
from printml.liberty.locate import cell_libs_folder, find_library, list_libraries
from printml.liberty.reader import read_library, require_energy, require_timing

HEAD = """library (mini) {
  time_unit : "10us"; voltage_unit : "100mV"; leakage_power_unit : "1uW";
  capacitive_load_unit (2, ff); nom_voltage : 12;
  lu_table_template (by_load) {
    variable_1 : total_output_net_capacitance; index_1 ("0, 10");
  }
  lu_table_template (slew_load) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("1, 2"); index_2 ("0, 1, 2");
  }
  lu_table_template (load_slew) {
    variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("0, 1, 2"); index_2 ("1, 2");
  }
  power_lut_template (energy) {
    variable_1 : input_transition_time; variable_2 : total_output_net_capacitance;
    index_1 ("1, 2"); index_2 ("0, 1");
  }
"""
INV = """  cell (INV) { area : 5e5; cell_leakage_power : 3;
    pin (A) { direction : input; capacitance : 4; }
    pin (Y) { direction : output; function : "A'";
      TIMING
      POWER
    }
  }
"""
TIMING = """timing () { related_pin : "A";
        cell_rise (by_load) { values ("2, 32"); } cell_fall (scalar) { values ("7"); } }"""
POWER = """internal_power () { related_pin : "A";
        rise_power (energy) { values ("5, 6", "7, 8"); } fall_power (scalar) { values ("9"); } }"""
NAND = """  cell (ND) { area : 1e6; LEAKAGE
    pin (B, A) { direction : input; CAPACITANCE }
    pin (Y) { direction : output; function : "!(A B)"; }
  }
"""
LEAKAGE = "cell_leakage_power : 1;"
CAPACITANCE = "capacitance : 1;"


def library_text(
    *,
    head: str = HEAD,
    timing: str = TIMING,
    power: str = POWER,
    leakage: str = LEAKAGE,
    capacitance: str = CAPACITANCE,
    more: str = "",
) -> str:
    inv = INV.replace("TIMING", timing).replace("POWER", power)
    nand = NAND.replace("LEAKAGE", leakage).replace("CAPACITANCE", capacitance)
    return head + inv + nand + more + "}\n"


def read(folder: Path, text: str) -> CellLibrary:
    path = folder / "mini.lib"
    path.write_text(text, encoding="utf-8")
    return read_library(path)


def egfet(vdd: float = 1.0) -> CellLibrary:
    return find_library("egfet", vdd)


# --- the built-in libraries, against figures typed in by hand ---


def test_egfet_inverter() -> None:
    library = egfet()
    assert (library.name, library.vdd, library.notes) == ("egfet_1p0V", 1.0, ())
    assert list(library.cells) == [
        "INVX1",
        "NAND2X1",
        "NOR2X1",
        "AND2X1",
        "OR2X1",
        "XOR2X1",
        "XNOR2X1",
    ]
    cell = library.cells["INVX1"]
    assert (cell.inputs, cell.output, cell.truth_table) == (("A",), "Y", 0b01)
    assert cell.sense == ("negative_unate",)
    assert cell.area_mm2 == 0.22842
    assert cell.leakage_nw.tolist() == [491.1, 19284.0]
    assert cell.input_cap_pf.tolist() == [13845.2]
    assert cell.rise_t0_ms.tolist() == [0.57084]
    assert cell.fall_t0_ms.tolist() == [0.054803]
    assert cell.rise_k_ms_per_pf == pytest.approx([35.9e-6], rel=1e-12)
    assert cell.fall_k_ms_per_pf == pytest.approx([2.414e-6], rel=1e-12)
    assert cell.rise_energy_pj.tolist() == [9618.5]
    assert cell.fall_energy_pj.tolist() == [3868.3]


def test_egfet_nand_states_and_pins_are_in_order() -> None:
    cell = egfet().cells["NAND2X1"]
    assert cell.inputs == ("A1", "A2")
    # State 1 has A1 high, state 2 has A2 high.
    assert cell.leakage_nw.tolist() == [248.05, 391.07, 490.6, 18569.0]
    assert cell.input_cap_pf.tolist() == [176.254, 176.727]
    assert cell.rise_t0_ms == pytest.approx([0.91043, 1.2795], rel=1e-15)
    assert cell.rise_k_ms_per_pf == pytest.approx([32.34e-6, 33.73e-6], rel=1e-12)
    assert cell.fall_energy_pj.tolist() == [23966.0, 28593.0]


def test_egfet_xor_takes_the_slowest_arc_and_the_mean_energy() -> None:
    cell = egfet().cells["XOR2X1"]
    assert cell.sense == ("non_unate", "non_unate")
    assert cell.leakage_nw.tolist() == [19625.0, 19924.0, 19798.0, 37973.0]
    assert cell.rise_t0_ms == pytest.approx([4.8966, 5.5778], rel=1e-15)
    assert cell.rise_k_ms_per_pf == pytest.approx([28.84e-6, 25.09e-6], rel=1e-12)
    assert cell.rise_energy_pj.tolist() == [(211860 + 123880) / 2, (207800 + 155090) / 2]
    assert cell.fall_energy_pj.tolist() == [(209850 + 93067) / 2, (220120 + 86880) / 2]


def test_egfet_areas_and_other_supplies() -> None:
    areas = {name: cell.area_mm2 for name, cell in egfet().cells.items()}
    assert areas["XNOR2X1"] == 1.347557
    assert areas["NOR2X1"] == 0.3995
    low = egfet(0.6)
    assert {name: cell.area_mm2 for name, cell in low.cells.items()} == areas
    assert low.cells["AND2X1"].leakage_nw.tolist() == [6470.9, 6496.3, 6531.8, 5804.7]
    assert low.cells["INVX1"].rise_t0_ms.tolist() == [0.56963]


EXPECTED = {
    "INVX1": lambda a: 1 - a,
    "NAND2X1": lambda a, b: 1 - (a & b),
    "NOR2X1": lambda a, b: 1 - (a | b),
    "AND2X1": lambda a, b: a & b,
    "OR2X1": lambda a, b: a | b,
    "XOR2X1": lambda a, b: a ^ b,
    "XNOR2X1": lambda a, b: 1 - (a ^ b),
}


def every_library() -> list[tuple[str, float]]:
    return [(entry.name, vdd) for entry in list_libraries() for vdd in entry.vdds]


@pytest.mark.parametrize(("name", "vdd"), every_library())
def test_every_built_in_library(name: str, vdd: float) -> None:
    library = find_library(name, vdd)
    assert library.vdd == vdd
    assert library.name == f"{name}_{vdd:.1f}V".replace(".", "p")
    assert set(library.cells) == set(EXPECTED)
    for cell in library.cells.values():
        values = [tuple(state >> k & 1 for k in range(cell.n_inputs)) for state in range(4)]
        for state in range(1 << cell.n_inputs):
            assert cell.truth_table >> state & 1 == EXPECTED[cell.name](*values[state])
        assert cell.leakage_nw.shape == (1 << cell.n_inputs,)
        assert cell.leakage_nw.min() > 0
        assert cell.area_mm2 > 0
        assert cell.input_cap_pf.min() > 0
        assert not cell.leakage_nw.flags.writeable
    require_energy(library)


@pytest.mark.parametrize("vdd", [0.6, 1.0, 2.0])
def test_egfet_delays_are_positive_and_power_follows_the_low_stages(vdd: float) -> None:
    library = egfet(vdd)
    require_timing(library)
    for cell in library.cells.values():
        assert min(cell.rise_t0_ms.min(), cell.fall_t0_ms.min()) > 0
        assert min(cell.rise_k_ms_per_pf.min(), cell.fall_k_ms_per_pf.min()) > 0
    inverter, nand = library.cells["INVX1"], library.cells["NAND2X1"]
    assert inverter.leakage_nw[1] > 30 * inverter.leakage_nw[0]
    assert nand.leakage_nw[3] > 30 * nand.leakage_nw[:3].max()


def test_cnt_is_marked_and_has_no_delays() -> None:
    library = find_library("cnt", 2.6)
    assert "order of magnitude" in library.notes[0]
    assert "no delays" in library.notes[1]
    assert library.cells["INVX1"].leakage_nw.tolist() == [10713.0, 2719.6]
    assert library.cells["AND2X1"].leakage_nw.tolist() == [16976.0] * 4
    assert library.cells["NOR2X1"].input_cap_pf.tolist() == [3.3414, 2.88603]
    assert np.isnan(library.cells["NAND2X1"].rise_t0_ms).all()
    with pytest.raises(LibertyError, match="no delay for cell INVX1 from pin A"):
        require_timing(library)


def test_digest_is_of_the_file() -> None:
    library = egfet()
    assert library.sha256 == hashlib.sha256(Path(library.path).read_bytes()).hexdigest()


# --- rules of the reader, on a small file ---


def test_units_least_squares_and_defaults(tmp_path: Path) -> None:
    library = read(tmp_path, library_text())
    inverter = library.cells["INV"]
    assert library.vdd == pytest.approx(1.2)  # 12 * 100 mV
    assert inverter.area_mm2 == 0.5
    assert inverter.leakage_nw.tolist() == [3000.0, 3000.0]  # 3 uW
    assert inverter.input_cap_pf == pytest.approx([0.008])  # 4 * 2 fF
    assert inverter.rise_t0_ms == pytest.approx([0.02])  # 2 * 10 us
    assert inverter.rise_k_ms_per_pf == pytest.approx([0.03 / 0.002])  # 3 * 10 us per 2 fF
    assert (inverter.fall_t0_ms, inverter.fall_k_ms_per_pf) == (pytest.approx([0.07]), [0.0])
    # Energy unit 2 fF * (0.1 V)^2 = 2e-5 pJ; smallest slew and load of the table.
    assert inverter.rise_energy_pj == pytest.approx([5 * 2e-5])
    assert inverter.fall_energy_pj == pytest.approx([9 * 2e-5])
    assert library.cells["ND"].inputs == ("B", "A")
    assert library.notes == (
        "The library has, for ND, no delays, so no critical path or highest sampling rate can "
        "be given",
        "The library has, for ND, no switching energies, so no total power can be given",
    )
    with pytest.raises(LibertyError, match="no switching energy for cell ND from pin B"):
        require_energy(library)


@pytest.mark.parametrize(
    ("template", "values"),
    [("slew_load", '"1, 2, 6", "90, 91, 92"'), ("load_slew", '"1, 90", "2, 91", "6, 92"')],
)
def test_two_axes_in_either_order(tmp_path: Path, template: str, values: str) -> None:
    table = f"({template}) {{ values ({values}); }}"
    timing = f'timing () {{ related_pin : "A"; cell_rise {table} cell_fall {table} }}'
    cell = read(tmp_path, library_text(timing=timing)).cells["INV"]
    # Least squares through (0, 1), (1, 2), (2, 6): 0.5 + 2.5 load.
    assert cell.rise_t0_ms == pytest.approx([0.005])
    assert cell.fall_k_ms_per_pf == pytest.approx([0.025 / 0.002])


def test_index_of_the_table_overrides_the_template(tmp_path: Path) -> None:
    timing = TIMING.replace('values ("2, 32")', 'index_1 ("0, 30"); values ("2, 32")')
    cell = read(tmp_path, library_text(timing=timing)).cells["INV"]
    assert cell.rise_k_ms_per_pf == pytest.approx([0.01 / 0.002])


@pytest.mark.parametrize(
    ("capacitance", "expected"),
    [
        ("capacitance : 1;", 1),
        ("capacitance : 1; rise_capacitance : 2; fall_capacitance : 3;", 3),
        ("rise_capacitance : 9; rise_capacitance_range (1, 5); fall_capacitance_range (2, 4);", 5),
    ],
)
def test_input_load(tmp_path: Path, capacitance: str, expected: float) -> None:
    cell = read(tmp_path, library_text(capacitance=capacitance)).cells["ND"]
    assert cell.input_cap_pf == pytest.approx([expected * 0.002] * 2)


def leakage_groups(*groups: tuple[str, float]) -> str:
    return " ".join(
        f'leakage_power () {{ when : "{when}"; value : {value}; }}' for when, value in groups
    )


def test_leakage_states(tmp_path: Path) -> None:
    # Pins are (B, A). A contradiction between inputs and output never matches.
    groups = leakage_groups(("A !B Y", 5), ("!A !B !Y", 99), ("A B", 6), ("A", 7))
    library = read(tmp_path, library_text(leakage=groups + LEAKAGE))
    assert library.cells["ND"].leakage_nw.tolist() == [1000.0, 1000.0, 5000.0, 6000.0]


def test_leakage_without_when_is_the_default_and_ground_is_left_out(tmp_path: Path) -> None:
    groups = (
        leakage_groups(("A B", 6))
        + " leakage_power () { value : 2; }"
        + " leakage_power () { value : 50; related_pg_pin : VSS; }"
    )
    library = read(tmp_path, library_text(leakage=groups + LEAKAGE))
    assert library.cells["ND"].leakage_nw.tolist() == [2000.0, 2000.0, 2000.0, 6000.0]


UNUSED = """
  cell (DFF) { area : x; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (D) { direction : input; } pin (C) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (TRI) { pin (A) { direction : input; } pin (E) { direction : input; }
    pin (Y) { direction : output; function : "A"; three_state : "!E"; } }
  cell (ADD) { pin (A, B) { direction : input; } pin (S) { direction : output; function : "A^B"; }
    pin (C) { direction : output; function : "A B"; } }
  cell (BIG) { pin (A, B, C, D, E) { direction : input; }
    pin (Y) { direction : output; function : "A B C D E"; } }
  cell (TIE) { pin (Y) { direction : output; function : "1"; } }
  cell (LAZY) { pin (A, B) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (PAD) { pin (A) { direction : inout; } }
  cell (BAD) { dont_use : true; pin (A) { direction : input; }
    pin (Y) { direction : output; function : "A"; } }
"""


def test_unusable_cells_are_skipped(tmp_path: Path) -> None:
    assert list(read(tmp_path, library_text(more=UNUSED)).cells) == ["INV", "ND"]


def test_notes(tmp_path: Path) -> None:
    more = 'printml_note : "first"; printml_note : "second";'
    assert read(tmp_path, library_text(more=more)).notes[:2] == ("first", "second")


def test_supply_of_the_default_conditions(tmp_path: Path) -> None:
    more = "operating_conditions (t) { voltage : 9; } default_operating_conditions : t;"
    assert read(tmp_path, library_text(more=more)).vdd == pytest.approx(0.9)


# --- errors ---


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('time_unit : "10us";', "", "time_unit is missing"),
        ('"10us"', '"10 parsecs"', "time_unit '10 parsecs' is not a known unit"),
        ('"10us"', '"0us"', "time_unit must be above 0"),
        ('"1uW"', '"uW"', "leakage_power_unit 'uW' is not a known unit"),
        ("capacitive_load_unit (2, ff);", "", "capacitive_load_unit is missing"),
        ("(2, ff)", "(2)", r"capacitive_load_unit \(2\) is not"),
        ("(2, ff)", "(-2, ff)", "must be above 0"),
        ("nom_voltage : 12;", "", "no supply voltage"),
        ("nom_voltage : 12;", "nom_voltage : twelve;", "nom_voltage is not a number: 'twelve'"),
        ("area : 5e5;", "", "cell INV has no area"),
        ("area : 5e5;", "area : -1;", "cell INV has no area above 0"),
        ("cell_leakage_power : 3;", "", "no static power for the state !A"),
        ("cell_leakage_power : 3;", "cell_leakage_power : -3;", "static power below 0"),
        ("capacitance : 4;", "", "input pin A has no capacitance"),
        ("cell (ND)", "cell (INV)", "repeated"),
        ("cell (INV)", "cell (module)", "'module' cannot be used in Verilog"),
        ("cell (INV)", "cell (_buf_)", "'_buf_' cannot be used"),
        ("A'", "A' +", "it ends where a pin"),
        ("A'", "Q", "unknown pin 'Q'"),
        ('related_pin : "A"', 'related_pin : "Z"', "related_pin 'Z' is not an input"),
        ("cell_rise (by_load)", "cell_rise (nowhere)", "unknown template 'nowhere'"),
        ('values ("2, 32")', 'values ("2, 3, 4")', "3 values where its indexes ask for 2"),
        ('values ("2, 32")', 'values ("2, many")', "values is not a number: 'many'"),
        ('values ("2, 32");', "", "cell_rise has no values"),
        ('index_1 ("0, 10")', 'index_1 ("10, 0")', "must rise"),
        ('index_1 ("0, 10")', 'index_1 ("0, 1e-320")', "too close together"),
        ('index_1 ("0, 10");', "", "has no index_1"),
        ("variable_1 : total_output_net_capacitance; index_1", "variable_1 : x; index_1", "'x'"),
        ('function : "!(A B)"', 'function : "A B"', "lacks a two-input NAND or NOR"),
        ('function : "A\'"', 'function : "A"', "lacks an inverter; usable cells found: INV, ND"),
    ],
)
def test_errors_name_what_and_where(tmp_path: Path, old: str, new: str, what: str) -> None:
    text = library_text()
    assert old in text
    with pytest.raises(LibertyError, match=what) as caught:
        read(tmp_path, text.replace(old, new, 1))
    assert caught.value.where.startswith(f"{tmp_path / 'mini.lib'}:")


def test_leakage_errors(tmp_path: Path) -> None:
    with pytest.raises(LibertyError, match="no static power for the state B !A"):
        read(tmp_path, library_text(leakage=leakage_groups(("A", 1), ("!A !B", 1))))
    with pytest.raises(LibertyError, match="unknown pin 'C'"):
        read(tmp_path, library_text(leakage=leakage_groups(("C", 1))))
    with pytest.raises(LibertyError, match="leakage_power has no value"):
        read(tmp_path, library_text(leakage='leakage_power () { when : "A"; }'))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(LibertyError, match="cannot be read: No such file"):
        read_library(tmp_path / "absent.lib")
    with pytest.raises(LibertyError, match="cannot be read: Is a directory"):
        read_library(tmp_path)
    binary = tmp_path / "binary.lib"
    binary.write_bytes(b"library (x) {\n\x1f\x8b\xff\xfe}")
    with pytest.raises(LibertyError, match=r"not UTF-8 text.*binary\.lib:2"):
        read_library(binary)
    binary.write_bytes(bytes(100))
    with pytest.raises(LibertyError, match="control character"):
        read_library(binary)
    binary.write_bytes(b"")
    with pytest.raises(LibertyError, match="empty"):
        read_library(binary)


def egfet_bytes() -> bytes:
    return (cell_libs_folder() / "egfet" / "egfet_1p0V.lib").read_bytes()


def test_truncated_anywhere(tmp_path: Path) -> None:
    data, path = egfet_bytes(), tmp_path / "cut.lib"
    end = data.rindex(b"}")
    for size in range(0, end, 50):
        path.write_bytes(data[:size])
        with pytest.raises(LibertyError, match=r"cut\.lib:\d+"):
            read_library(path)
    path.write_bytes(data[: end + 1])
    assert len(read_library(path).cells) == 7


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_anywhere(tmp_path: Path, data: st.DataObject) -> None:
    good = library_text(more=UNUSED).encode()
    start = data.draw(st.integers(0, len(good) - 1))
    removed = data.draw(st.integers(0, 12))
    junk = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"{", b"}", b'"', b"1e9"])))
    path = tmp_path / "damaged.lib"
    path.write_bytes(good[:start] + junk + good[start + removed :])
    try:
        library = read_library(path)
    except LibertyError:
        return
    assert all(isinstance(cell, Cell) for cell in library.cells.values())
