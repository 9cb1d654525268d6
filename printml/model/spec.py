"""What to train: family, topology and options, without the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

Family = Literal["svm-c", "svm-r", "mlp-c", "mlp-r", "tree", "forest", "boost"]
Penalty = Literal["l1", "l2"]
Params = tuple[tuple[str, float | str], ...]
"""Searched hyperparameters as (name, value) pairs."""

FAMILIES: tuple[Family, ...] = get_args(Family)

PUBLISHED_HIDDEN = {"redwine": 2, "whitewine": 4, "cardio": 3, "pendigits": 5}
"""Hidden neurons of the published one-hidden-layer networks."""

SPARSE_ABOVE = 100
"""With more features than this, SVM classifiers default to the sparse l1 penalty: a hardwired
coefficient costs area, and dense one-vs-one on arrhythmia would need about 20,000 of them."""


@dataclass(frozen=True)
class TreeOptions:
    """Limits of a CART tree; the default is fully grown, as published.

    Attributes
    ----------
    max_depth, max_leaf_nodes
        None: no limit.
    min_samples_leaf
        Fewest training rows in a leaf.
    ccp_alpha
        Cost-complexity pruning strength; ignored with `search`.
    search
        Choose `ccp_alpha` by cross-validation.
    n_trees
        Trees of a forest or rounds of boosting; None for the stated default.
    """

    max_depth: int | None = None
    max_leaf_nodes: int | None = None
    min_samples_leaf: int = 1
    ccp_alpha: float = 0.0
    search: bool = False
    n_trees: int | None = None


@dataclass(frozen=True)
class Spec:
    """One training job; picklable, so that workers can take it."""

    family: Family
    feature_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    seed: int
    hidden: int
    ovr: bool
    penalty: Penalty
    tree: TreeOptions

    @property
    def n_classes(self) -> int:
        return len(self.class_labels)


def default_penalty(n_features: int) -> Penalty:
    """`l1` above `SPARSE_ABOVE` features, else `l2`."""
    return "l1" if n_features > SPARSE_ABOVE else "l2"


def default_hidden(dataset_name: str, n_classes: int) -> int:
    """Hidden neurons: as published where a network was, else half the classes, at least 3."""
    return PUBLISHED_HIDDEN.get(dataset_name, max(3, (n_classes + 1) // 2))


@contextmanager
def quiet_and_serial() -> Iterator[None]:
    """One BLAS thread, and no raw solver warnings.

    One thread keeps sums in the same order on every machine with the same library and leaves the
    other cores to other jobs. Solvers stop at their iteration limit on purpose (small MLPs are
    stopped early and restarted instead; `l1` and epsilon-insensitive fits are compared by
    cross-validation whether they converged or not), so their warnings carry no news.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
