"""Small integer models for tests: hand-made ones and random ones from a seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from printml.arrays import frozen
from printml.quantize.integer_model import IntegerNetwork, IntegerTree


def network(
    weights: list[list[list[int]]],
    intercepts: list[list[int]],
    *,
    decision: str,
    n_classes: int,
    bits: int = 4,
    fraction_bits: int = 0,
    label_offset: int = 0,
) -> IntegerNetwork:
    n_features = len(weights[0][0])
    family = {"regression": "r"}.get(decision, "c")
    return IntegerNetwork(
        family=f"{'svm' if len(weights) == 1 else 'mlp'}-{family}",
        feature_names=tuple(f"x{k}" for k in range(n_features)),
        class_labels=tuple(str(k) for k in range(n_classes)),
        input_bits=frozen([bits] * n_features, np.int64),
        weights=tuple(frozen(w, np.int64) for w in weights),
        intercepts=tuple(frozen(b, np.int64) for b in intercepts),
        decision=decision,  # type: ignore[arg-type]
        fraction_bits=fraction_bits,
        label_offset=label_offset,
    )


def random_network(seed: int, *, decision: str, bits: int = 3, largest: int = 20) -> IntegerNetwork:
    """One or two layers, 1 to 3 inputs, 2 to 4 classes."""
    rng = np.random.default_rng(seed)
    n_inputs, n_classes = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    n_sums = {
        "ovo": n_classes * (n_classes - 1) // 2,
        "argmax": n_classes,
        "regression": 1,
    }[decision]
    sizes = [n_inputs, n_sums] if rng.random() < 0.5 else [n_inputs, 2, n_sums]
    if decision == "ovo":
        sizes = [n_inputs, n_sums]
    weights = [
        rng.integers(-largest, largest + 1, size=(b, a)).tolist() for a, b in pairwise(sizes)
    ]
    intercepts = [rng.integers(-99, 100, size=b).tolist() for b in sizes[1:]]
    return network(
        weights,
        intercepts,
        decision=decision,
        n_classes=n_classes,
        bits=bits,
        fraction_bits=int(rng.integers(0, 8)),
        label_offset=int(rng.integers(-2, 3)),
    )


def random_tree(seed: int, *, bits: int = 3, n_inner: int = 6) -> IntegerTree:
    """A random tree of `n_inner` comparisons on 3 inputs; some can never be reached."""
    rng = np.random.default_rng(seed)
    feature, threshold, left, right, leaf = [-1], [0], [0], [0], [int(rng.integers(3))]
    leaves = [0]
    for _ in range(n_inner):
        node = leaves.pop(int(rng.integers(len(leaves))))
        feature[node], threshold[node] = int(rng.integers(3)), int(rng.integers(1 << bits))
        leaf[node] = -1
        for side in (left, right):
            side[node] = len(feature)
            leaves.append(len(feature))
            feature.append(-1)
            threshold.append(0)
            left.append(0)
            right.append(0)
            leaf.append(int(rng.integers(3)))
    return IntegerTree(
        family="tree",
        feature_names=("a", "b", "c"),
        class_labels=("0", "1", "2"),
        input_bits=frozen([bits] * 3, np.int64),
        **{
            name: frozen(values, np.int64)
            for name, values in (
                ("feature", feature),
                ("threshold", threshold),
                ("left", left),
                ("right", right),
                ("leaf_class", leaf),
            )
        },
    )


def all_inputs(n_features: int, bits: int) -> np.ndarray:
    """Every input vector, int64, shape (2**(bits * n_features), n_features)."""
    grid = np.meshgrid(*[np.arange(1 << bits)] * n_features, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1).astype(np.int64)
