"""The equality ladder: integer model = word-level circuit = mapped netlist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.circuit.ir import Circuit
from printml.errors import CheckError
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel, IntegerNetwork
from printml.simulate.kernel import outputs as netlist_outputs

N_RANDOM_VECTORS = 65_536
CHUNK = 8_192
"""Rows compared at once, so that wide tables stay small in memory."""


@dataclass(frozen=True)
class Verdict:
    """One equality and how it was established.

    Attributes
    ----------
    check
        What was compared with what.
    how
        `exact` (every vector of a finite list compared), `proved` or `simulated`.
    n_vectors
        Vectors compared; 0 for a proof, which covers all inputs.
    seconds
        Time it took.
    detail
        Tool, method, or why there is no proof.
    """

    check: str
    how: str
    n_vectors: int
    seconds: float
    detail: str = ""


def random_vectors(input_bits: IntArray, *, n_vectors: int, seed: int) -> IntArray:
    """Uniform input vectors, int64, shape (n_vectors, n_features)."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 1 << input_bits, size=(n_vectors, len(input_bits)), dtype=np.int64)


def check_ladder(
    model: IntegerModel,
    circuit: Circuit,
    netlist: Netlist,
    library: CellLibrary,
    X_int: IntArray,
    *,
    where: str,
) -> None:
    """Compare all rungs on the rows of `X_int`, class and kept scores, exactly.

    Parameters
    ----------
    X_int
        int64, shape (n_rows, n_features).
    where
        What the rows are, for the error.

    Raises
    ------
    CheckError
        Naming the first row, port and pair of rungs that differ.

    Examples
    --------
    >>> from printml.circuit.from_model import build_circuit
    >>> from printml.flow.quick_netlist import quick_netlist
    >>> from printml.liberty.locate import find_library
    >>> from printml.quantize.integer_model import IntegerNetwork
    >>> library = find_library("egfet", 1.0)
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=np.array([4, 4]), weights=(np.array([[3, -5]]),),
    ...     intercepts=(np.array([2]),), decision="ovo",
    ... )
    >>> circuit, netlist = build_circuit(model, name="top"), quick_netlist(model, library)
    >>> X_int = random_vectors(model.input_bits, n_vectors=1000, seed=0)
    >>> check_ladder(model, circuit, netlist, library, X_int, where="random vectors")
    """
    for start in range(0, len(X_int), CHUNK):
        rows = X_int[start : start + CHUNK]
        expected = expected_outputs(model, circuit, rows)
        found = circuit.evaluate(rows)
        compare_outputs(expected, found, rows, rung="word-level circuit", where=where)
        found = netlist_outputs(netlist, library, rows)
        compare_outputs(expected, found, rows, rung="mapped netlist", where=where)


def expected_outputs(model: IntegerModel, circuit: Circuit, X_int: IntArray) -> dict[str, IntArray]:
    """What every rung must answer for each output port of `circuit`, from the integer model."""
    expected = {"class": model.predict(X_int)}
    names = [name for name, _ in circuit.outputs if name != "class"]
    if names:
        assert isinstance(model, IntegerNetwork), "trees have no scores"
        scores = model.decision_values(X_int)
        expected |= {name: scores[:, int(name.removeprefix("score_"))] for name in names}
    return expected


def compare_outputs(
    expected: dict[str, IntArray],
    found: dict[str, IntArray],
    X_int: IntArray,
    *,
    rung: str,
    where: str,
) -> None:
    """Raise `CheckError` at the first difference."""
    if set(expected) != set(found):
        raise CheckError(
            f"the {rung} has output ports {sorted(found)} instead of {sorted(expected)}",
            where=where,
            hint="This is a bug in printml; please report it with the run folder",
        )
    for port, values in expected.items():
        rows = np.nonzero(values != found[port])[0]
        if len(rows):
            row = int(rows[0])
            raise CheckError(
                f"the {rung} differs from the integer model on {len(rows)} of {len(values)} rows: "
                f"first at row {row}, inputs {X_int[row].tolist()}, port {port} is "
                f"{int(found[port][row])} instead of {int(values[row])}",
                where=where,
                hint="This is a bug in printml; please report it with the run folder",
            )
