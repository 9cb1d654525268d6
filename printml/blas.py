"""The same trained models on every processor.

OpenBLAS chooses its kernels by the processor, and each rounds in its own way. A training of many
steps ends at other coefficients then: with its kernels for AVX-512 and for AVX2, MLPs and SVM-Cs of
one seed differ. So the AVX2 kernels are asked for wherever the processor has them.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

KERNEL = "Haswell"
"""OpenBLAS's name for its AVX2 kernels."""
VARIABLE = "OPENBLAS_CORETYPE"


def pin_kernel(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Ask OpenBLAS for `KERNEL`, unless the user asked for another or it has been loaded already.

    To be called before numpy is imported: the library looks once. Where nothing tells that the
    processor has AVX2 nothing is asked for, since wrong kernels end the process.
    """
    if "numpy" in sys.modules or platform.machine() not in ("x86_64", "AMD64"):
        return
    if _has_avx2(cpuinfo):
        os.environ.setdefault(VARIABLE, KERNEL)


def kernel_in_use() -> str:
    """What numpy multiplies matrices with, as in "openblas 0.3.30 Haswell"."""
    import numpy
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]  # has no stubs

    home = str(Path(numpy.__file__).parent)
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    # scipy brings another copy; numpy's own stands beside numpy.
    found.sort(key=lambda library: not str(library["filepath"]).startswith(home))
    for library in found:
        parts = (library["internal_api"], library["version"], library.get("architecture"))
        return " ".join(part for part in parts if part)
    return "unknown"


def _has_avx2(cpuinfo: Path) -> bool:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return {"avx2", "fma"} <= set(flags)
