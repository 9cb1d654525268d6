"""Fitted estimators from files: `.skops` and `.onnx` without running code, pickles if allowed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from printml.errors import InputError, ModelError
from printml.importers.onnx_file import load_onnx

SAFE_TYPES = ("sklearn.tree._tree.Tree", "sklearn._loss.link.MultinomialLogit")
"""Types beyond those skops itself trusts: plain numbers of fitted trees."""


def load_estimator(path: Path, *, allow_pickle: bool = False) -> Any:
    """Read a fitted scikit-learn estimator, or an `OnnxModel`.

    Parameters
    ----------
    path
        A `.skops` or `.onnx` file, or with `allow_pickle` a `.joblib`, `.pkl` or `.pickle` file.
    allow_pickle
        A pickle runs whatever code its author put into it.

    Raises
    ------
    InputError
        If the file cannot be read, its ending is unknown, or it is a pickle and not allowed.
    ModelError
        If a `.skops` file holds types that are not known to be safe.
    """
    if not path.is_file():
        raise InputError("the estimator file cannot be found", where=str(path))
    ending = path.suffix.lower()
    if ending == ".onnx":
        return load_onnx(path)
    if ending == ".skops":
        return _skops(path)
    if ending in (".joblib", ".pkl", ".pickle"):
        if not allow_pickle:
            raise InputError(
                "a pickle runs code when it is read and is refused",
                where=str(path),
                hint="Save the estimator with skops.io.dump, or say --allow-pickle if you trust it",
            )
        return _pickle(path)
    raise InputError(
        f"estimator files end in .skops, .onnx, .joblib or .pkl, not {ending or 'nothing'!r}",
        where=str(path),
        hint="A model of printml itself is the model.json of a run folder",
    )


def _skops(path: Path) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(path, trusted=list(SAFE_TYPES))
    except UntrustedTypesFoundException as error:
        raise ModelError(
            f"the file holds types that are not known to be safe: {error}",
            where=str(path),
            hint="Save a supported estimator without parts of your own",
        ) from error
    except Exception as error:  # skops raises whatever a broken file leads to
        raise InputError(f"not a readable skops file: {error}", where=str(path)) from error


def _pickle(path: Path) -> Any:
    import joblib

    warnings.warn(f"reading the pickle {path}, which may run any code", stacklevel=2)
    try:
        return joblib.load(path)
    except Exception as error:  # a pickle may raise anything
        raise InputError(f"not a readable pickle: {error}", where=str(path)) from error
