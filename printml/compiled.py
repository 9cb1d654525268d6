"""The decorator of every hot loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile with numba and keep the machine code on disk.

    numba writes beside the module, else into the user's cache folder. Where neither is
    writable it refuses to make the function at all; then it is compiled in every process.
    """
    return _compiled(function)


def inlined(function: Function) -> Function:
    """As `compiled`, but copied into every function that calls it.

    For the small ones of hot loops: passing an array takes seven registers, which costs more than
    what they do.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **options: Any) -> Function:
    result: Any
    try:
        result = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:
        result = numba.njit(nogil=True, **options)(function)
    kernel: Function = result
    return kernel
