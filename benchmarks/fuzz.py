"""Coverage-guided fuzzing of every reader with atheris (`pip install 'printml[fuzz]'`).

python -m benchmarks.fuzz READER [--runs 125000] [--seed 1]

Whatever bytes a file holds, reading it succeeds or raises a `PrintmlError`. Anything else stops the
run and leaves the input in the folder given by `--findings`: another exception, more than 5 seconds
for one file, more than 1 GB of memory above what the process had when it began.
"""

from __future__ import annotations

import re
import resource
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
LARGEST_INPUT = 4_096
SECONDS_PER_FILE = 5
MEMORY_MB = 1_024

Reader = Callable[[Path], Any]


def _csv() -> tuple[Reader, str, list[bytes]]:
    from printml.data.load import load_dataset

    seeds = (ROOT / "datasets" / "seeds.csv").read_bytes().splitlines(keepends=True)
    return (
        load_dataset,
        ".csv",
        [b"".join([*seeds[:6], *seeds[-5:]]), b'a,"b c",y\n1,?,"x"\n2,NA,z\n,3,x\n4,5,z\n'],
    )


def _columns() -> tuple[Reader, str, list[bytes]]:
    from printml.data.load import load_dataset

    def read(path: Path) -> Any:
        return load_dataset(path, one_hot=["c"], weight_column="w", group_column="g", target="y")

    rows = (
        b"c\tw\tg\ta\ty\nred\t1\ts1\t2\tx\nblue\t0.5\ts2\t3\tz\nred\t2\ts1\t4\tx\n?\t1\ts3\t5\tz\n"
    )
    return read, ".tsv", [rows]


def _parquet() -> tuple[Reader, str, list[bytes]]:
    import pyarrow as pa
    from pyarrow import parquet

    from printml.data.load import load_dataset

    columns = {"a": [1.5, 2.0, None, 4.0], "b": [1, 2, 3, 4], "y": ["u", "v", "u", "v"]}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "t.parquet"
        parquet.write_table(pa.table(columns), place)
        return load_dataset, ".parquet", [place.read_bytes()]


def _toml() -> tuple[Reader, str, list[bytes]]:
    from printml.flow.recipe import Recipe, read_flow, read_toml, recipe_from_table, recipe_to_toml

    def read(path: Path) -> Any:
        table = read_toml(path, what="recipe")
        if "circuit" in table:
            return read_flow(path)
        return recipe_from_table(table, where="here")

    plain = recipe_to_toml(Recipe(dataset="seeds", model="tree")).encode()
    ranges = b'dataset="a"\nmodel="svm-c"\n[inputs.x]\nmin=1\nmax=2.5\nbits=3\n'
    return read, ".toml", [plain, ranges, (ROOT / "flows" / "redwine.toml").read_bytes()]


def _model() -> tuple[Reader, str, list[bytes]]:
    from printml.importers.model_json import load_model_json

    ranges = b'"quantizer": {"minimum": [0, 1.5], "span": [1, 2], "bits": [4, 4]}}'
    start = b'{"model": {"format": "printml-model-1", "family": "'
    names = b'", "feature_names": ["a", "b"], "class_labels": ["0", "1"], "input_bits": [4, 4], '
    tree = (b'"feature": [0, -1, -1], "threshold": [3, 0, 0], "left": [1, -1, -1], '
            b'"right": [2, -1, -1], "leaf_class": [-1, 0, 1]}, ')  # fmt: skip
    svm = (b'"decision": "ovo", "fraction_bits": 0, "label_offset": 0, "weights": [[[3, -4]]], '
           b'"intercepts": [[7]]}, ')  # fmt: skip
    return load_model_json, ".json", [
        start + b"tree" + names + tree + ranges, start + b"svm-c" + names + svm + ranges,
    ]  # fmt: skip


def _coefficients() -> tuple[Reader, str, list[bytes]]:
    from printml.data.load import load_dataset
    from printml.quantize.coefficients import read_coefficients

    dataset = load_dataset("redwine")

    def read(path: Path) -> Any:
        return read_coefficients(path, dataset=dataset, family="svm-r")

    return read, ".json", [(ROOT / "datasets" / "published_models.json").read_bytes()]


def _liberty() -> tuple[Reader, str, list[bytes]]:
    from printml.liberty.reader import read_library

    text = (ROOT / "cell_libs" / "egfet" / "egfet_1p0V.lib").read_text()
    starts = [found.start() for found in re.finditer(r"^\s*cell \(", text, re.M)]
    cells = [text[i:j] for i, j in pairwise([*starts, text.rindex("}")])]
    wanted = [cell for cell in cells if "INVX1" in cell or "NAND2X1" in cell]
    small = text[: starts[0]] + "".join(wanted) + "}\n"
    return read_library, ".lib", [small.encode()]


def _verilog() -> tuple[Reader, str, list[bytes]]:
    from printml.liberty.locate import find_library
    from printml.netlist.read_verilog import read_verilog

    library = find_library("egfet", 1.0)

    def read(path: Path) -> Any:
        return read_verilog(path, library=library)

    gates = b"""module m(input [1:0] a, output [0:0] y);
wire n;
NAND2X1 g1(.A1(a[0]), .A2(a[1]), .Y(n));
INVX1 g2(.A(n), .Y(y[0]));
endmodule
"""
    hierarchy = b"""module s(a, y); input [3:0] a; output y; wire [1:0] w;
assign {w[0], w[1]} = {a[1], 1'b1};
OR2X1 g(.A1(w[0]), .A2(a[2]), .Y(y));
endmodule
module t(input [3:0] q, output z); s \\u! (.a({q[0], q[3:1]}), .y(z)); endmodule
"""
    return read, ".v", [gates, hierarchy]


def _saif() -> tuple[Reader, str, list[bytes]]:
    from printml.simulate.saif import read_saif

    def read(path: Path) -> Any:
        from printml.files import read_text

        return read_saif(read_text(path, what="SAIF file"))

    return read, ".saif", [
        b'(SAIFILE (SAIFVERSION "2.0") (TIMESCALE 1 ms) (DURATION 600) (INSTANCE m (NET '
        b"(n2 (T0 200) (T1 400) (TC 1)) (a\\[0\\] (T0 0) (T1 600) (TC 0)))))\n"
    ]  # fmt: skip


def _onnx() -> tuple[Reader, str, list[bytes]]:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    from printml.importers.onnx_file import load_onnx

    def info(name: str, shape: Any) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    weights = numpy_helper.from_array(np.eye(3, dtype=np.float32), "w")
    nodes = [helper.make_node("Gemm", ["x", "w"], ["h"], transB=1),
             helper.make_node("Relu", ["h"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["s"]),
             helper.make_node("ArgMax", ["s"], ["y"], axis=1)]  # fmt: skip
    graph = helper.make_graph(nodes, "g", [info("x", ["n", 3])], [info("y", None)], [weights])
    return load_onnx, ".onnx", [helper.make_model(graph).SerializeToString()]


READERS = {
    "csv": _csv, "columns": _columns, "parquet": _parquet, "toml": _toml, "model": _model,
    "coefficients": _coefficients, "liberty": _liberty, "verilog": _verilog, "saif": _saif,
    "onnx": _onnx,
}  # fmt: skip


@click.command()
@click.argument("reader", type=click.Choice(list(READERS)))
@click.option("--runs", default=125_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--findings", type=click.Path(path_type=Path), default=Path("runs/fuzz"))
def main(reader: str, runs: int, seed: int, findings: Path) -> None:
    """Feed READER with mutated files, guided by the branches they reach."""
    import atheris

    with atheris.instrument_imports(include=["printml"]):
        from printml.errors import PrintmlError

        read, suffix, corpus = READERS[reader]()
    findings.mkdir(parents=True, exist_ok=True)
    # Where there is a file system in memory: a slow disk would set the pace.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="printml-fuzz-", dir=memory) as folder:
        place = Path(folder) / f"input{suffix}"
        start = Path(folder) / "corpus"
        start.mkdir()
        for k, content in enumerate(corpus):
            (start / str(k)).write_bytes(content)
            place.write_bytes(content)
            read(place)  # what the fuzzer starts from is valid
        used_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

        def one(content: bytes) -> None:
            place.write_bytes(content)
            try:
                read(place)
            except PrintmlError:
                return

        largest = max(LARGEST_INPUT, *(len(content) for content in corpus))
        limits = [f"-runs={runs}", f"-seed={seed}", f"-timeout={SECONDS_PER_FILE}",
                  f"-rss_limit_mb={used_mb + MEMORY_MB}", f"-max_len={largest}",
                  f"-artifact_prefix={findings.absolute()}/{reader}-", "-print_final_stats=1",
                  "-verbosity=1"]  # fmt: skip
        atheris.Setup([sys.argv[0], *limits, str(start)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
