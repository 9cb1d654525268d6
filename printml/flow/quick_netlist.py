"""An integer model to a mapped netlist in a fraction of a second, without a run folder."""

from __future__ import annotations

from printml.circuit.from_model import build_circuit
from printml.circuit.lower import lower
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel
from printml.synth.direct import map_logics


def quick_netlist(
    model: IntegerModel,
    library: CellLibrary,
    *,
    name: str = "top",
    keep_scores: bool = False,
    timeout_s: float = 300.0,
) -> Netlist:
    """The mapped netlist of a model by the fast flow, for searches and folds.

    Raises
    ------
    ToolError
        If ABC fails or takes too long.
    """
    logic = lower(build_circuit(model, name=name, keep_scores=keep_scores))
    return map_logics([logic], library, timeout_s=timeout_s)[0]
