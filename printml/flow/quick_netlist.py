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

    Examples
    --------
    >>> import numpy as np
    >>> from printml.simulate.kernel import predict
    >>> from printml.liberty.locate import find_library
    >>> from printml.quantize.integer_model import IntegerNetwork
    >>> library = find_library("egfet", 1.0)
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=np.array([4, 4]), weights=(np.array([[3, -5]]),),
    ...     intercepts=(np.array([2]),), decision="ovo",
    ... )
    >>> netlist = quick_netlist(model, library)
    >>> X_int = np.array([[9, 1], [1, 9]])
    >>> predict(netlist, library, X_int).tolist(), model.predict(X_int).tolist()
    ([0, 1], [0, 1])
    """
    logic = lower(build_circuit(model, name=name, keep_scores=keep_scores))
    return map_logics([logic], library, timeout_s=timeout_s)[0]
