"""Every supported estimator as a circuit: agreement with the original, as a Markdown table.

python -m benchmarks.imports
"""

from __future__ import annotations

import warnings

import click
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from printml.circuit.from_model import build_circuit
from tests.test_importers import ESTIMATORS, SCALERS, TABLES, UNSCALED_TOO_ROUGH, imported, name_of

CLASSES = {"iris": "3 classes", "wine": "3 classes", "wdbc": "2 classes"}


@click.command()
def main() -> None:
    """Fit all, import all at 8 bits; circuit and integer model are compared on every row."""
    names = [name_of(scaler) if scaler is not None else "none" for scaler in SCALERS]
    click.echo(f"| estimator | table | {' | '.join(names)} |")
    click.echo("|---|---|" + "---:|" * len(names))
    for estimator in ESTIMATORS:
        for table, load in TABLES.items():
            shares = [_agreement(estimator, scaler, load) for scaler in SCALERS]
            cells = " | ".join(f"{100 * share:.1f}" for share in shares)
            click.echo(f"| {name_of(estimator)} | {table}, {CLASSES[table]} | {cells} |")


def _agreement(estimator: object, scaler: object, load: object) -> float:
    X, y = load(return_X_y=True)  # type: ignore[operator]
    if scaler is None and name_of(estimator) in UNSCALED_TOO_ROUGH:
        X = MinMaxScaler().fit_transform(X)
    parts = [clone(part) for part in (scaler, estimator) if part is not None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_pipeline(*parts).fit(X, y)
    _, model, _, X_int, original = imported(fitted, X, y)
    answers = build_circuit(model, name="top").predict(X_int)
    if not np.array_equal(answers, model.predict(X_int)):
        raise SystemExit(f"{name_of(estimator)}: circuit and integer model differ")
    return float(np.mean(answers == original))


if __name__ == "__main__":
    main()
