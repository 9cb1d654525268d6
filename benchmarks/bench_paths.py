"""A pruning path from a run folder's circuit with its test accuracy, for benchmarks of pruning."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.circuit.estimate import estimate_area_mm2
from printml.flow.model_search import COEFFICIENTS
from printml.flow.recipe import Recipe
from printml.flow.run import Rows, library_of, read_netlist, read_run
from printml.flow.rundir import RunFolder
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.prune.copies import rows_seen
from printml.prune.network import network_of
from printml.prune.paths import (
    BEYOND,
    is_long,
    mends_start,
    predict_network,
)
from printml.prune.published import class_only
from printml.prune.search import PrunePoint, prune_path
from printml.prune.state import Evidence
from printml.quantize.integer_model import IntegerModel
from printml.synth.abc import REFRESH
from printml.synth.direct import map_netlist

STAGES = ("coefficients", "thresholds", ".")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is pruned: the netlist of the coefficients or thresholds, else the exact one."""

    recipe: Recipe
    model: IntegerModel
    rows: Rows
    library: CellLibrary
    start: Netlist

    @property
    def exact_mm2(self) -> float:
        return estimate_area_mm2(self.model, self.library)

    def accuracy_of(self, predicted: np.ndarray) -> float:
        """On test rows."""
        return float(np.mean(predicted == self.rows.y[self.rows.test]))

    @property
    def exact_accuracy(self) -> float:
        return self.accuracy_of(self.model.predict(self.rows.X_int[self.rows.test]))


@dataclass(frozen=True, eq=False)
class MeasuredPath:
    """Its points, the test accuracy of each, what the exact model has wrong, and seconds."""

    points: list[PrunePoint]
    accuracy: list[float]
    exact_wrong: float
    seconds: float


def subject_of(run: Path) -> Subject:
    """Of a run folder."""
    recipe, folder, model, rows = read_run(run)
    stage = next(name for name in STAGES if (run / name).exists())
    start = class_only(read_netlist(RunFolder(run / stage, folder.top)))
    return Subject(recipe, model, rows, library_of(recipe), start)


def is_taught(subject: Subject) -> bool:
    """Whether a teacher labels the copies when an SVM or MLP of this table is built."""
    return len(subject.rows.train) <= COEFFICIENTS.most_rows


def seen_by_build(subject: Subject, *, taught: bool) -> Evidence:
    """The rows and copies that a build prunes with, with a teacher or without."""
    rows = subject.rows
    return rows_seen(
        rows.X_int[rows.train], rows.y[rows.train], subject.model.input_bits,
        seed=subject.recipe.seed, taught=taught,
    )  # fmt: skip


def measured_path(
    subject: Subject,
    evidence: Evidence,
    *,
    taught: bool,
    every_move: bool = False,
    until_mm2: float = 0.0,
) -> MeasuredPath:
    """One path on these rows, whose copies a teacher labelled or not, down to `until_mm2` if given,
    whatever is lost, else as far as paths go."""
    rows, library = subject.rows, subject.library
    wrong = float(evidence.weights @ (subject.model.predict(evidence.X_int) != evidence.y))
    network = network_of(subject.start, library)
    started = time.perf_counter()
    points = prune_path(
        network, library, evidence, most_wrong=1.0 if until_mm2 else wrong + BEYOND,
        map_again=lambda netlist: map_netlist(netlist, library, flow=REFRESH),
        lazy=is_long(network, evidence) and not every_move,
        mends_start=mends_start(network, evidence, taught=taught),
        stop=lambda found: found[-1].area_mm2 <= until_mm2,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    X = rows.X_int[rows.test]
    accuracy = [subject.accuracy_of(predict_network(point.network, X)) for point in points]
    return MeasuredPath(points, accuracy, wrong, seconds)
