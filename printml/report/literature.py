"""Published printed classifiers to draw beside ours: EGFET, digital part, 1.0 V unless said.

SVM and MLP: Armeniakos et al., DATE 2022, and trees: Balaskas et al., ISQED 2022, both as in
Henkel et al., ICCAD 2022 (4-bit inputs, trees 8; 200 ms clock). Others are later papers of the
same groups. The published approximate trees were chosen on their test rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from printml.report.svg import Mark


@dataclass(frozen=True)
class Published:
    """One published circuit.

    Attributes
    ----------
    accuracy
        As share of the rows its authors tested on.
    note
        What distinguishes it: supply, number of test rows, kind.
    """

    dataset: str
    kind: str
    accuracy: float
    area_cm2: float
    power_mw: float
    note: str = ""


_EXACT_APPROX = (
    ("cardio", "mlp-c", 0.88, 33.4, 97.3, 17.0, 54.0),
    ("redwine", "mlp-c", 0.56, 17.6, 53.3, 8.0, 27.0),
    ("whitewine", "mlp-c", 0.54, 31.2, 98.4, 13.0, 42.0),
    ("pendigits", "mlp-c", 0.94, 67.0, 213.0, 46.0, 153.0),
    ("cardio", "mlp-r", 0.83, 21.6, 65.9, 12.0, 37.0),
    ("redwine", "mlp-r", 0.56, 7.1, 24.0, 3.3, 12.0),
    ("whitewine", "mlp-r", 0.53, 13.1, 40.7, 8.0, 27.0),
    ("cardio", "svm-c", 0.90, 15.1, 46.8, 8.7, 29.0),
    ("redwine", "svm-c", 0.57, 23.5, 72.9, 7.6, 26.0),
    ("whitewine", "svm-c", 0.53, 28.3, 87.4, 11.0, 36.0),
    ("pendigits", "svm-c", 0.98, 123.8, 364.4, 97.0, 287.0),
    ("cardio", "svm-r", 0.84, 6.8, 22.9, 3.5, 13.0),
    ("redwine", "svm-r", 0.56, 4.0, 15.1, 2.6, 10.0),
    ("whitewine", "svm-r", 0.53, 4.2, 15.5, 2.2, 8.5),
)
"""Accuracy, exact area and power, approximate area and power (at most 1 point lost)."""

_TREES = (
    ("arrhythmia", 0.564, 1.625, 7.55, 0.67, 0.2230, 1.04),
    ("balance", 0.745, 0.680, 3.11, 0.81, 0.2728, 1.16),
    ("cardio", 0.928, 1.786, 8.12, 0.92, 0.4354, 2.05),
    ("har", 0.835, 5.511, 26.1, 0.83, 2.945, 13.7),
    ("mammographic", 0.759, 0.988, 4.47, 0.81, 0.0806, 0.38),
    ("pendigits", 0.968, 5.745, 25.0, 0.96, 3.685, 16.1),
    ("redwine", 0.600, 5.138, 22.3, 0.60, 2.672, 11.7),
    ("seeds", 0.889, 0.301, 1.43, 0.94, 0.0232, 0.09),
    ("vertebral", 0.850, 0.577, 2.68, 0.86, 0.0784, 0.38),
    ("whitewine", 0.617, 5.431, 23.2, 0.61, 1.241, 5.35),
)
"""Accuracy, area and power of the exact tree, then of the approximate one."""

_LATER = (
    ("cardio", "sequential SVM", 0.931, 3.1, 3.6, "0.6 V, 1.8 s"),
    ("cardio", "MLP", 0.873, 1.29, 3.8, ""),
    ("pendigits", "sequential SVM", 0.976, 7.8, 8.7, "0.6 V, 10 s"),
    ("pendigits", "MLP", 0.901, 12.4, 34.8, ""),
    ("redwine", "sequential SVM", 0.662, 3.1, 3.5, "0.6 V"),
    ("redwine", "MLP", 0.56, 1.1, 3.9, ""),
    ("redwine", "MLP", 0.519, 0.0285, 0.093, ""),
    ("whitewine", "MLP", 0.53, 6.5, 21.3, ""),
    ("whitewine", "sequential SVM", 0.562, 3.4, 3.9, "0.6 V"),
    ("whitewine", "ternary net", 0.525, 0.297, 0.301, "0.6 V"),
    ("whitewine", "MLP", 0.514, 0.254, 0.76, ""),
    ("seeds", "MLP", 0.937, 2.44, 9.4, ""),
    ("seeds", "MLP", 0.884, 0.095, 0.354, ""),
    ("vertebral", "MLP", 0.892, 1.82, 6.9, ""),
    ("vertebral", "MLP", 0.857, 1.17, 4.4, ""),
    ("balance", "MLP", 0.936, 0.383, 1.40, ""),
    ("balance", "MLP", 0.937, 0.292, 1.05, "79 test rows"),
    ("breastcancer", "MLP", 0.971, 3.20, 11.8, ""),
    ("breastcancer", "MLP", 0.962, 0.0835, 0.30, "79 test rows"),
    ("breastcancer", "MLP", 0.942, 0.033, 0.108, "69 test rows"),
)


def published_circuits(dataset: str) -> tuple[Published, ...]:
    """All published circuits of a data set, by rising area; none for a user's own table."""
    found: list[Published] = []
    for name, kind, accuracy, area, power, approx_area, approx_power in _EXACT_APPROX:
        found.append(Published(name, f"{kind} exact", accuracy, area, power))
        found.append(
            Published(name, f"{kind} approximate", accuracy - 0.01, approx_area, approx_power,
                      "at most 1 point below exact")
        )  # fmt: skip
    for name, accuracy, area, power, approx, approx_area, approx_power in _TREES:
        found.append(Published(name, "tree exact", accuracy, area, power))
        found.append(
            Published(name, "tree approximate", approx, approx_area, approx_power,
                      "chosen on its test rows")
        )  # fmt: skip
    found += [Published(*row) for row in _LATER]
    return tuple(sorted((p for p in found if p.dataset == dataset), key=lambda p: p.area_cm2))


def published_marks(published: Sequence[Published], *, across: str, series: int) -> list[Mark]:
    """Hollow marks for a scatter plot; `across` is `area_cm2` or `power_mw`."""
    return [
        Mark(
            getattr(other, across),
            other.accuracy,
            f"published {other.kind}: {other.accuracy:.3f}, {other.area_cm2:g} cm2, "
            f"{other.power_mw:g} mW" + (f" ({other.note})" if other.note else ""),
            series,
            hollow=True,
        )
        for other in published
    ]
