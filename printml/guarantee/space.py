"""On how much of the input space two circuits may answer differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.arrays import IntArray
from printml.intervals import clopper_pearson
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel
from printml.simulate.kernel import outputs

MOST_COUNTED_BITS = 24
"""Input spaces up to this size are counted, larger ones sampled."""
N_SAMPLES = 1 << 20
CHUNK = 1 << 17


@dataclass(frozen=True)
class SpaceDifference:
    """Share of input vectors with another class.

    Attributes
    ----------
    how
        `counted`: every vector was compared, the share is exact. `sampled`: uniform vectors with
        a 95 % interval (Clopper and Pearson); `low` and `high` are the share itself if counted.
    """

    how: str
    n_vectors: int
    n_different: int
    share: float
    low: float
    high: float


def space_difference(
    model: IntegerModel, netlist: Netlist, library: CellLibrary, *, seed: int = 0
) -> SpaceDifference:
    """Compare a netlist with the unapproximated model over its input space.

    Vectors are taken in blocks, so that memory stays small.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from printml.flow.quick_netlist import quick_netlist
    >>> from printml.liberty.locate import find_library
    >>> from printml.quantize.integer_model import IntegerNetwork
    >>> library = find_library("egfet", 1.0)
    >>> model = IntegerNetwork(
    ...     family="svm-c", feature_names=("a", "b"), class_labels=("no", "yes"),
    ...     input_bits=np.array([4, 4]), weights=(np.array([[3, -5]]),),
    ...     intercepts=(np.array([2]),), decision="ovo",
    ... )
    >>> cheaper = replace(model, weights=(np.array([[4, -4]]),))
    >>> found = space_difference(model, quick_netlist(cheaper, library), library)
    >>> found.how, found.n_vectors
    ('counted', 256)
    >>> codes = np.indices((16, 16)).reshape(2, -1).T
    >>> found.n_different == int((model.predict(codes) != cheaper.predict(codes)).sum())
    True
    """
    bits = model.input_bits
    n_bits = int(bits.sum())
    counted = n_bits <= MOST_COUNTED_BITS
    n = 1 << n_bits if counted else N_SAMPLES
    rng = np.random.default_rng(seed)
    different = 0
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        X = (
            _vectors(np.arange(start, start + size), bits)
            if counted
            else rng.integers(0, 1 << bits, (size, len(bits)), dtype=np.int64)
        )
        different += int((outputs(netlist, library, X)["class"] != model.predict(X)).sum())
    share = different / n
    low, high = (share, share) if counted else clopper_pearson(different, n)
    return SpaceDifference("counted" if counted else "sampled", n, different, share, low, high)


def _vectors(codes: IntArray, bits: IntArray) -> IntArray:
    shifts = np.concatenate([[0], np.cumsum(bits)[:-1]])
    values: IntArray = (codes[:, None] >> shifts) & ((1 << bits) - 1)
    return values
