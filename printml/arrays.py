"""Read-only numpy arrays, so that frozen dataclasses are frozen all the way down."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
BitArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]


def frozen(values: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a read-only C-contiguous copy of `values` with the given dtype."""
    array = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array
