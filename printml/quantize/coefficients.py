"""A user's own integer coefficients (`--coefficients FILE`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from printml.arrays import frozen
from printml.data.dataset import Dataset
from printml.errors import ModelError
from printml.quantize.integer_model import Decision, IntegerNetwork
from printml.quantize.json_checks import Place, load_json
from printml.quantize.model_file import MOST_INPUT_BITS, checked_ranges, n_sums, read_layers

NETWORK_FAMILIES = ("svm-c", "svm-r", "mlp-c", "mlp-r")

_REQUIRED = ("dataset", "model", "input_bits", "classes", "weights", "intercepts")
_OPTIONAL = ("fraction_bits", "decision", "published", "source")


def read_coefficients(path: Path, *, dataset: Dataset, family: str) -> IntegerNetwork:
    """The entry of a coefficient file for this data set and model family.

    The file holds one entry or an array of them. An entry has `dataset`, `model`, `input_bits`
    (one number, or one per feature), `classes` (the labels in order), `weights` and
    `intercepts` (a matrix and a vector for an SVM, one of each per layer for an MLP), for a
    regressor `fraction_bits`, and may have `decision` (`ovo`, the default of svm-c, or
    `argmax`) and the remarks `published` and `source`. A regressor with numeric classes answers
    the label itself, so these must be consecutive integers; with text classes it answers the
    class index.

    Parameters
    ----------
    dataset
        Prepared; gives the feature names, and the labels that `classes` must equal.
    family
        `svm-c`, `svm-r`, `mlp-c` or `mlp-r`.

    Raises
    ------
    InputError
        If the file cannot be read.
    ModelError
        If there is no such entry or it is not valid; the message has the path inside the file,
        such as `[3].weights[0][2]`.
    """
    if family not in NETWORK_FAMILIES:
        raise ModelError(
            f"coefficients cannot be given for the model `{family}`",
            where=str(path),
            hint=f"Choose one of: {', '.join(NETWORK_FAMILIES)}",
        )
    document = Place(load_json(Path(path), what="coefficient file"), file=str(path))
    entry = _choose(document, dataset.name, family)
    integer_labels = _check_classes(entry["classes"], dataset)
    bits_place = entry["input_bits"]
    if isinstance(bits_place.value, list):
        bits = bits_place.integers(length=dataset.n_features, low=1, high=MOST_INPUT_BITS)
    else:
        bit = bits_place.integer(low=1, high=MOST_INPUT_BITS)
        bits = frozen(np.full(dataset.n_features, bit), np.int64)
    decision = _decision(entry, family)
    is_mlp = family.startswith("mlp")
    weights, intercepts = read_layers(
        entry["weights"].items() if is_mlp else [entry["weights"]],
        entry["intercepts"].items() if is_mlp else [entry["intercepts"]],
        n_features=dataset.n_features,
        n_sums=n_sums(decision, dataset.n_classes),
        n_layers=2 if is_mlp else 1,
        place=entry,
    )
    fraction_bits, label_offset = 0, 0
    if decision == "regression":
        if "fraction_bits" not in entry.value:
            raise entry.error("the key `fraction_bits` is missing", "A regressor needs it")
        fraction_bits = entry["fraction_bits"].integer(low=0, high=48)
        if integer_labels:
            label_offset = integer_labels[0]
            if integer_labels != list(range(label_offset, label_offset + dataset.n_classes)):
                raise entry["classes"].error(
                    "the classes of a regressor must be consecutive integers"
                )
    return checked_ranges(
        IntegerNetwork(
            family=family,
            feature_names=dataset.feature_names,
            class_labels=dataset.class_labels,
            input_bits=bits,
            weights=weights,
            intercepts=intercepts,
            decision=decision,
            fraction_bits=fraction_bits,
            label_offset=label_offset,
        ),
        entry,
    )


def _choose(document: Place, dataset_name: str, family: str) -> Place:
    entries = document.items() if isinstance(document.value, list) else [document]
    for entry in entries:
        entry.object(required=_REQUIRED, optional=_OPTIONAL)
    names = [(entry["dataset"].text(), entry["model"].text()) for entry in entries]
    matching = [k for k, name in enumerate(names) if name == (dataset_name, family)]
    if len(matching) == 1:
        return entries[matching[0]]
    held = ", ".join(f"{name} {model}" for name, model in names) or "nothing"
    raise document.error(
        f"{'no entry' if not matching else f'{len(matching)} entries'} for {dataset_name} {family}",
        f"The file has {held}",
    )


def _decision(entry: Place, family: str) -> Decision:
    if family.endswith("-r"):
        allowed: tuple[Decision, ...] = ("regression",)
    else:
        allowed = ("ovo", "argmax") if family == "svm-c" else ("argmax",)
    if "decision" not in entry.value:
        return allowed[0]
    return allowed[allowed.index(entry["decision"].text(among=allowed))]


def _check_classes(place: Place, dataset: Dataset) -> list[int]:
    """Compare with the data set's labels; returns them as integers, or [] for text."""
    items = place.items()
    are_integers = all(isinstance(item.value, int) for item in items)
    labels = [str(item.integer()) if are_integers else item.text() for item in items]
    if labels != list(dataset.class_labels):
        raise place.error(
            f"the classes {', '.join(labels)} are not those of {dataset.name}",
            f"Expected {', '.join(dataset.class_labels)}",
        )
    return [int(label) for label in labels] if are_integers else []
