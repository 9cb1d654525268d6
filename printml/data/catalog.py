"""The data sets that come with printml, by short name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["file", "sklearn", "download"]


@dataclass(frozen=True)
class BuiltinSet:
    """How one known table is read.

    Attributes
    ----------
    name
        Short name, as in `printml build redwine`.
    about
        One line for `printml data list`.
    origin
        `file` in the data set folder, `sklearn` (part of scikit-learn) or `download`.
    file
        File in the data set folder, or the name of the loader for the two other origins.
    targets
        Label columns; the first one is the default. None of them is ever a feature.
    never_features
        Further columns that say nothing a sensor could read (row numbers, official splits).
    class_order
        Natural order of the text labels of the default target; empty for numbers (ascending).
    valid_ranges
        (column, lowest, highest) that the set's own description allows; a reading outside is a
        known typing error and treated as missing.
    """

    name: str
    about: str
    origin: Origin
    file: str
    targets: tuple[str, ...]
    never_features: tuple[str, ...] = ()
    class_order: tuple[str, ...] = ()
    valid_ranges: tuple[tuple[str, float, float], ...] = ()

    @property
    def target(self) -> str:
        return self.targets[0]


_SETS = (
    BuiltinSet(
        name="redwine",
        about="Red wine quality 3..8 from 11 physicochemical readings; many duplicate rows",
        origin="file",
        file="winequality_red.csv",
        targets=("quality",),
    ),
    BuiltinSet(
        name="whitewine",
        about="White wine quality 3..9 from 11 physicochemical readings; many duplicate rows",
        origin="file",
        file="winequality_white.csv",
        targets=("quality",),
    ),
    BuiltinSet(
        name="cardio",
        about="Fetal state 1..3 from 21 cardiotocogram readings; 78 % of the rows are class 1",
        origin="file",
        file="cardiotocography.csv",
        targets=("NSP", "CLASS"),
    ),
    BuiltinSet(
        name="pendigits",
        about="Handwritten digit 0..9 from 8 pen positions (16 coordinates 0..100)",
        origin="file",
        file="pendigits.csv",
        targets=("class",),
        never_features=("part",),
    ),
    BuiltinSet(
        name="arrhythmia",
        about="Heart rhythm, 13 of 16 classes present, from 279 ECG readings; some classes tiny",
        origin="file",
        file="arrhythmia.csv",
        targets=("class",),
    ),
    BuiltinSet(
        name="balance",
        about="Side to which a scale tips (L, B, R) from two weights and two distances; complete",
        origin="file",
        file="balance_scale.csv",
        targets=("class",),
        class_order=("L", "B", "R"),
    ),
    BuiltinSet(
        name="mammographic",
        about="Benign (0) or malignant (1) from 5 mammography readings; complete rows only",
        origin="file",
        file="mammographic.csv",
        targets=("severity",),
        valid_ranges=(("bi_rads", 0, 6),),
    ),
    BuiltinSet(
        name="seeds",
        about="Wheat variety 1..3 from 7 kernel measurements; 210 rows, so wide intervals",
        origin="file",
        file="seeds.csv",
        targets=("class",),
    ),
    BuiltinSet(
        name="vertebral",
        about="Disk hernia, spondylolisthesis or normal from 6 pelvic measurements",
        origin="file",
        file="vertebral.csv",
        targets=("class3", "class2"),
        class_order=("DH", "SL", "NO"),
    ),
    BuiltinSet(
        name="breastcancer",
        about="Benign (2) or malignant (4) from 9 cell gradings 1..10; 16 readings missing",
        origin="file",
        file="breast_cancer_wisconsin.csv",
        targets=("class",),
        never_features=("id",),
    ),
    BuiltinSet(
        name="iris",
        about="Iris species from 4 flower measurements (from scikit-learn)",
        origin="sklearn",
        file="load_iris",
        targets=("class",),
    ),
    BuiltinSet(
        name="wine",
        about="Wine cultivar from 13 chemical readings (from scikit-learn)",
        origin="sklearn",
        file="load_wine",
        targets=("class",),
    ),
    BuiltinSet(
        name="wdbc",
        about="Malignant or benign from 30 cell nucleus measurements (from scikit-learn)",
        origin="sklearn",
        file="load_breast_cancer",
        targets=("class",),
    ),
    BuiltinSet(
        name="har",
        about="Activity from 561 phone motion features; downloaded, no commercial use",
        origin="download",
        file="har",
        targets=("class",),
    ),
)

CATALOG: dict[str, BuiltinSet] = {entry.name: entry for entry in _SETS}
"""Every known set by short name, in the order in which they are listed."""


def list_datasets() -> tuple[BuiltinSet, ...]:
    """Every known set, those with a flow first."""
    return _SETS
