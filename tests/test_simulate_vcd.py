"""Counting a VCD dump, by hand and from Icarus."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printml.errors import DataError
from printml.netlist.verilog import net_names, to_verilog
from printml.simulate.activity import measure_activity
from printml.simulate.vcd import count_vcd
from tests.netlists import full_adder
from tests.tiny_library import tiny_library

HEAD = r"""$date today $end
$timescale
  1ps
$end
$scope module dut $end
$var wire 1 ! n7 $end
$var wire 2 # x [1:0] $end
$var wire 1 $ \a.b $end
$var real 64 r unused $end
$upscope $end
$enddefinitions $end
"""
CHANGES = """#0
$dumpvars
x!
bx #
0$
r0.5 r
$end
1!
b1 #
#10000
0!
b11 #
#12000
1!
#14000
0!
#20000
$comment nothing 1! $end
1$
#30000
1!
b0 #
#40000
"""


def test_counts_by_hand():
    # Periods of 10 ns; the pulse of n7 inside the second period is a glitch.
    assert count_vcd(HEAD + CHANGES, period=10) == {
        "n7": (2, 2, 2),
        "x[1]": (2, 2, 2),
        "x[0]": (1, 3, 1),
        "a.b": (2, 2, 1),
    }


def test_fewer_vectors_than_the_dump_has():
    counts = count_vcd(HEAD + CHANGES, period=10, n_vectors=2)
    assert counts == {"n7": (1, 1, 1), "x[1]": (1, 1, 1), "x[0]": (0, 2, 0), "a.b": (2, 0, 0)}


def test_file(tmp_path):
    path = tmp_path / "dump.vcd"
    path.write_text(HEAD + CHANGES, encoding="utf-8")
    assert count_vcd(path, period=20) == count_vcd(HEAD + CHANGES, period=20)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        count_vcd(tmp_path / "missing.vcd", period=20)


def test_two_names_of_one_signal():
    head = HEAD.replace("$upscope", "$var wire 1 ! same $end\n$upscope")
    counts = count_vcd(head + CHANGES, period=10)
    assert counts["same"] == counts["n7"]


def test_ranges_written_together_or_upwards():
    head = HEAD.replace("x [1:0]", "x[1:0]").replace("1 ! n7", "1 ! y [0:0]")
    assert {"x[0]", "x[1]", "y[0]"} <= set(count_vcd(head + CHANGES, period=10))
    upwards = count_vcd(HEAD.replace("x [1:0]", "x [4:5]") + CHANGES, period=10)
    assert upwards["x[4]"] == (2, 2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no .enddefinitions"),
        (HEAD.replace("1ps", "7ps") + CHANGES, "unknown time scale '7ps'"),
        (HEAD.replace("$timescale", "$comment") + CHANGES, "no time scale"),
        (HEAD.replace("$upscope", "$var wire 1 & n7 $end\n$upscope") + CHANGES, "called n7"),
        (HEAD.replace("wire 2", "wire 3") + CHANGES, r"x\[1:0\] does not have 3 bits"),
        (HEAD.replace("wire 2", "wire two") + CHANGES, "'two' is not a number"),
        (HEAD.replace("$var wire 1 ! n7", "$var wire 1 !") + CHANGES, "cannot read '.var wire"),
        (HEAD.replace("1 ! n7", "1 !é n7") + CHANGES, "code '!é' is not one of up to 9 ASCII"),
        (HEAD.replace("1 ! n7", f"1 {10 * '!'} n7") + CHANGES, "is not one of up to 9 ASCII"),
        (HEAD + CHANGES + "hello\n", "cannot read 'hello'"),
        (HEAD + CHANGES + "#soon\n", "'soon' is not a number"),
        (HEAD + CHANGES + "b #\n", "cannot read 'b'"),
        (HEAD + CHANGES.replace("0$", ""), "a.b is x at the end of vector 0"),
        (HEAD + CHANGES.replace("0$", "z$"), "a.b is z at the end of vector 0"),
    ],
)
def test_dumps_that_cannot_be_counted(text, message):
    with pytest.raises(DataError, match=message):
        count_vcd(text, period=10)


def test_dump_that_ends_early():
    with pytest.raises(DataError, match="ends after 4 of 5 vectors"):
        count_vcd(HEAD + CHANGES, period=10, n_vectors=5)


def test_period_below_the_time_unit():
    with pytest.raises(DataError, match="no multiple of the dump's time unit"):
        count_vcd(HEAD.replace("1ps", "100ns") + CHANGES, period=10)


@given(
    st.lists(
        st.tuples(st.integers(0, 59), st.sampled_from("!#"), st.integers(0, 3)), max_size=60
    ).map(sorted)
)
def test_any_changes_are_counted_as_one_by_one(changes):
    # Six periods of 10 ns; n7 has the code !, the bus x of two bits the code #.
    body, last = ["#0", "0!", "b0 #", "0$"], 0
    at_end = np.zeros((6, 3), int)
    for time, code, value in changes:
        body += [f"#{1000 * time}"] * (time > last)
        last = time
        body.append(f"{value % 2}!" if code == "!" else f"b{value:b} #")
        bits = [value % 2] if code == "!" else [value // 2, value % 2]
        at_end[time // 10 :, [0] if code == "!" else [1, 2]] = bits
    counts = count_vcd(HEAD + "\n".join([*body, "#60000", ""]), period=10)
    toggles = np.abs(np.diff(at_end, axis=0)).sum(axis=0)
    for k, name in enumerate(("n7", "x[1]", "x[0]")):
        ones = at_end[:, k].sum()
        assert counts[name] == (6 - ones, ones, toggles[k])


def test_a_code_used_for_another_width():
    head = HEAD.replace("$upscope", "$var wire 2 ! y [1:0] $end\n$upscope")
    with pytest.raises(DataError, match="y has 2 bits, another variable of its code 1"):
        count_vcd(head + CHANGES, period=10)


BENCH = """`timescale 1ns/1ps
module NAND2X1 (input A1, input A2, output Y); assign Y = ~(A1 & A2); endmodule
module bench;
  reg [2:0] x;
  reg [2:0] rows [0:{last}];
  integer row;
  full_adder dut (.a(x[0]), .b(x[1]), .c(x[2]));
  initial begin
    $readmemb("rows.txt", rows);
    $dumpfile("dump.vcd");
    $dumpvars(1, dut);
    for (row = 0; row <= {last}; row = row + 1) begin x = rows[row]; #10; end
    $finish;
  end
endmodule
"""


@pytest.mark.tools
def test_icarus_counts_what_the_kernel_counts(tmp_path):
    netlist, library = full_adder(), tiny_library()
    rows = np.random.default_rng(7).integers(0, 2, size=(150, 3))
    text = to_verilog(netlist, library=library) + BENCH.format(last=len(rows) - 1)
    (tmp_path / "top.v").write_text(text, encoding="utf-8")
    (tmp_path / "rows.txt").write_text("".join(f"{c}{b}{a}\n" for a, b, c in rows))
    for argv in (
        ["iverilog", "-g2005", "-o", "top.vvp", "-s", "bench", "top.v"],
        ["vvp", "-n", "top.vvp"],
    ):
        subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
    counts = count_vcd(tmp_path / "dump.vcd", period=10, n_vectors=len(rows))
    activity = measure_activity(netlist, library, rows)
    for net, name in net_names(netlist).items():
        assert counts[name] == (activity.t0[net], activity.t1[net], activity.tc[net]), name
