"""Tables of readings: loading, checks, splits, and the circuit's view of a reading."""

from printml.data.catalog import BuiltinSet, list_datasets
from printml.data.dataset import Dataset, Split
from printml.data.load import datasets_folder, load_dataset
from printml.data.prepare import drop_constant, impute, prepare
from printml.data.quantizer import InputQuantizer
from printml.data.split import split_rows

__all__ = [
    "BuiltinSet",
    "Dataset",
    "InputQuantizer",
    "Split",
    "datasets_folder",
    "drop_constant",
    "impute",
    "list_datasets",
    "load_dataset",
    "prepare",
    "split_rows",
]
