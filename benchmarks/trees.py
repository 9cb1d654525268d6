"""Fully grown trees and comparators: our structure against the plain `if` chain.

For each of the ten data sets in `datasets/` (or those named): the comparators of the 8-bit tree,
the area of nested `if (x > c)` Verilog and of our circuit through the same mapping flows, their
ratio and the critical path. Then the mean area of the 255 comparators `x > c` of an 8-bit input,
each on an input of its own and all through the one flow that is best for them.

    python -m benchmarks.trees [-j N] [--effort normal] [--only NAME]
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
from joblib import Parallel, delayed
from rich.table import Table

from printml.circuit.build import CircuitBuilder
from printml.circuit.from_model import build_circuit, port_names
from printml.circuit.ir import width
from printml.circuit.lower import lower
from printml.circuit.verilog import structural_verilog
from printml.cli.output import print_table
from printml.data.catalog import CATALOG
from printml.flow.recipe import Recipe
from printml.flow.run import read_run
from printml.flow.train_step import train_step
from printml.liberty.library import CellLibrary
from printml.liberty.locate import find_library
from printml.quantize.integer_model import IntegerTree
from printml.simulate.timing import critical_path
from printml.synth.synthesize import Synthesis, synthesize

BITS = 8
PUBLISHED_COMPARATOR_MM2 = 2.444
"""Mean over the thresholds 0 .. 254, as published with a commercial synthesiser."""


@dataclass(frozen=True)
class TreeRow:
    """One line of the table."""

    name: str
    n_comparisons: int
    chain_mm2: float
    chain_flow: str
    tree_mm2: float
    tree_flow: str
    delay_ms: float


def grown_tree(name: str) -> IntegerTree:
    """The fully grown tree of a built-in data set, as in `printml build NAME --model tree`."""
    with tempfile.TemporaryDirectory() as folder:
        train_step(Recipe(dataset=name, model="tree"), Path(folder), n_jobs=1)
        model = read_run(Path(folder))[2]
    assert isinstance(model, IntegerTree)
    return model


def if_chain(model: IntegerTree, *, name: str) -> str:
    """The tree as anybody would write it: one `always` block of nested `if`."""
    ports = port_names(model)
    inputs = [
        f"  input [{bits - 1}:0] {port}"
        for port, bits in zip(ports, model.input_bits.tolist(), strict=True)
    ]
    n_bits = width((0, int(model.leaf_class.max())))
    output = f"  output reg [{n_bits - 1}:0] class"
    lines = [f"module {name} (", ",\n".join([*inputs, output]), ");", "  always @* begin"]
    stack: list[tuple[int | str, int]] = [(0, 2)]
    while stack:
        item, depth = stack.pop()
        pad = "  " * depth
        if isinstance(item, str):
            lines.append(pad + item)
        elif model.feature[item] < 0:
            lines.append(f"{pad}class = {int(model.leaf_class[item])};")
        else:
            port = ports[int(model.feature[item])]
            lines.append(f"{pad}if ({port} > {int(model.threshold[item])})")
            stack += [(int(model.left[item]), depth + 1), ("else", depth)]
            stack.append((int(model.right[item]), depth + 1))
    return "\n".join([*lines, "  end", "endmodule", ""])


def mapped(verilog: str, *, top: str, library: CellLibrary, effort: str) -> Synthesis:
    """Verilog text through the portfolio, in a folder of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "source.v").write_text(verilog, encoding="utf-8")
        return synthesize(
            folder / "source.v",
            top=top,
            library=library,
            folder=folder,
            log_folder=folder,
            effort=effort,
        )


def tree_row(name: str, effort: str) -> TreeRow:
    """Both circuits of one data set."""
    model, library = grown_tree(name), find_library("egfet", vdd=1.0)
    chain = mapped(if_chain(model, name="tree"), top="tree", library=library, effort=effort)
    circuit = lower(build_circuit(model, name="tree"))
    tree = mapped(structural_verilog(circuit), top="tree", library=library, effort=effort)
    return TreeRow(
        name,
        int((model.feature >= 0).sum()),
        area_mm2(chain),
        chain.flow,
        area_mm2(tree),
        tree.flow,
        critical_path(tree.netlist, library).delay_ms,
    )


def area_mm2(result: Synthesis) -> float:
    """Area of the flow that won."""
    return min(tried.area_mm2 for tried in result.tried if tried.area_mm2 is not None)


def mean_comparator_mm2(effort: str, *, bits: int = BITS) -> float:
    """Mean area of `x > c` for c = 0 .. 2**bits - 2.

    All are mapped in one module, each on an input of its own, so that none can share with another.
    """
    n = (1 << bits) - 1
    builder = CircuitBuilder("comparators")
    inputs = [builder.input(f"x{c}", bits) for c in range(n)]
    for c, reading in enumerate(inputs):
        builder.output(f"above_{c}", builder.above(reading, c))
    library = find_library("egfet", vdd=1.0)
    text = structural_verilog(lower(builder.build()))
    return area_mm2(mapped(text, top="comparators", library=library, effort=effort)) / n


@click.command()
@click.option("-j", "--jobs", default=1, show_default=True)
@click.option("--effort", default="normal", show_default=True)
@click.option(
    "--only", multiple=True, help="Data set; may be repeated. Default: the ten in `datasets/`."
)
def main(jobs: int, effort: str, only: tuple[str, ...]) -> None:
    """Map all trees and comparators and print the comparison."""
    names = only or tuple(k for k, entry in CATALOG.items() if entry.origin == "file")
    rows = Parallel(n_jobs=jobs)(delayed(tree_row)(name, effort) for name in names)
    table = Table(
        "data set", "comparisons", "if chain mm2", "flow", "printml mm2", "flow", "ratio",
        "path ms", title=f"fully grown trees, {BITS}-bit inputs, 1.0 V, effort {effort}",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            row.name,
            str(row.n_comparisons),
            f"{row.chain_mm2:.2f}",
            row.chain_flow,
            f"{row.tree_mm2:.2f}",
            row.tree_flow,
            f"{row.tree_mm2 / row.chain_mm2:.3f}",
            f"{row.delay_ms:.1f}",
        )
    geomean = math.exp(sum(math.log(row.tree_mm2 / row.chain_mm2) for row in rows) / len(rows))
    table.caption = (
        f"geometric mean of the ratios {geomean:.3f}; mean of the {(1 << BITS) - 1} comparators "
        f"{mean_comparator_mm2(effort):.4f} mm2 (published {PUBLISHED_COMPARATOR_MM2})"
    )
    print_table(table)


if __name__ == "__main__":
    main()
