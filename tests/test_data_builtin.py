"""The sets that come with printml."""

import hashlib
import io
import shutil
import zipfile

import numpy as np
import pytest

from printml.data import load
from printml.data.catalog import list_datasets
from printml.data.har import Archive, is_downloaded, load_har
from printml.data.load import datasets_folder, load_dataset
from printml.errors import DataError, InputError, ToolError
from printml.files import cache_folder

SHAPES = {
    "redwine": (1599, 11, 6),
    "whitewine": (4898, 11, 7),
    "cardio": (2126, 21, 3),
    "pendigits": (10992, 16, 10),
    "arrhythmia": (452, 278, 13),  # f14 is missing in most rows
    "balance": (625, 4, 3),
    "mammographic": (830, 5, 2),
    "seeds": (210, 7, 3),
    "vertebral": (310, 6, 3),
    "breastcancer": (699, 9, 2),
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "wdbc": (569, 30, 2),
}


def test_catalog_lists_every_set_once():
    names = [entry.name for entry in list_datasets()]
    assert names == [*SHAPES, "har"]
    assert all(entry.about and entry.targets for entry in list_datasets())


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_the_known_sets(name):
    dataset = load_dataset(name)
    assert (dataset.n_rows, dataset.n_features, dataset.n_classes) == SHAPES[name]
    assert dataset.name == name
    assert set(np.unique(dataset.y)) == set(range(dataset.n_classes))


def test_class_orders_and_columns_that_are_never_features():
    assert load_dataset("balance").class_labels == ("L", "B", "R")
    assert load_dataset("vertebral").class_labels == ("DH", "SL", "NO")
    assert load_dataset("cardio").class_labels == ("1", "2", "3")
    assert load_dataset("arrhythmia").class_labels[-4:] == ("10", "14", "15", "16")
    for name, column in (
        ("cardio", "CLASS"),
        ("pendigits", "part"),
        ("vertebral", "class2"),
        ("breastcancer", "id"),
    ):
        assert column not in load_dataset(name).feature_names


def test_second_label_column_can_be_the_target():
    dataset = load_dataset("cardio", target="CLASS")
    assert dataset.n_classes == 10
    assert "NSP" not in dataset.feature_names
    assert load_dataset("vertebral", target="class2").class_labels == ("AB", "NO")
    with pytest.raises(DataError, match=r"`LB` is not a label column of cardio"):
        load_dataset("cardio", target="LB")


def test_typing_error_of_mammographic_counts_as_missing():
    dataset = load_dataset("mammographic")
    column = dataset.X[:, dataset.feature_names.index("bi_rads")]
    assert np.isnan(column).sum() == 1
    assert np.nanmax(column) == 6
    assert dataset.notes == ("readings outside 0..6 counted as missing: 1 of bi_rads",)


def test_every_committed_file_matches_its_checksum():
    folder = datasets_folder()
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    listed = {line.split("  ")[1] for line in lines}
    assert listed == {path.name for path in folder.iterdir() if path.suffix in (".csv", ".json")}
    for name in listed:
        load.verify_checksum(folder / name)


@pytest.fixture
def copied_folder(tmp_path, monkeypatch):
    """A writable copy of one set, found in place of the real folder."""
    source = datasets_folder()
    package = tmp_path / "site" / "printml"
    folder = package / "_datasets"
    folder.mkdir(parents=True)
    for name in ("SHA256SUMS", "seeds.csv"):
        shutil.copy(source / name, folder / name)
    monkeypatch.setattr(load.printml, "__file__", str(package / "__init__.py"))
    return folder


def test_installed_folder_comes_first_and_a_changed_set_is_refused(copied_folder):
    assert datasets_folder() == copied_folder
    assert load_dataset("seeds").n_rows == 210
    path = copied_folder / "seeds.csv"
    path.write_text(path.read_text().replace("15.26", "15.27", 1))
    with pytest.raises(DataError, match=r"changed.*seeds\.csv"):
        load_dataset("seeds")
    with pytest.raises(DataError, match=r"missing.*winequality_red\.csv"):
        load_dataset("redwine")


def test_no_folder_at_all(copied_folder):
    (copied_folder / "SHA256SUMS").unlink()
    with pytest.raises(DataError, match="folder of built-in data sets is missing"):
        load_dataset("seeds")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def har_archive(tmp_path) -> Archive:
    """A tiny archive of the same build: 3 features, 3 + 2 rows."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, text in {
            "features.txt": "1 mean\n2 energy\n3 energy\n",
            "activity_labels.txt": "1 WALKING\n2 SITTING\n",
            "train/X_train.txt": " 1.0e+000 2 3\n 4 5 6\n 7 8 9\n",
            "train/y_train.txt": "1\n2\n1\n",
            "test/X_test.txt": "-1 -2 -3\n-4 -5 -6\n",
            "test/y_test.txt": "2\n2\n",
        }.items():
            archive.writestr(f"UCI HAR Dataset/{name}", text)
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("UCI HAR Dataset.zip", inner.getvalue())
    path = tmp_path / "served.zip"
    path.write_bytes(outer.getvalue())
    return Archive(
        url=path.as_uri(),
        size_bytes=len(outer.getvalue()),
        sha256=sha256(outer.getvalue()),
        inner="UCI HAR Dataset.zip",
        inner_sha256=sha256(inner.getvalue()),
    )


def test_har_is_downloaded_once_and_read(tmp_path, har_archive):
    cache = tmp_path / "cache"
    assert not is_downloaded(archive=har_archive, cache=cache)
    dataset = load_har(archive=har_archive, cache=cache)
    assert is_downloaded(archive=har_archive, cache=cache)
    assert dataset.feature_names == ("mean", "energy_2", "energy_3")
    assert dataset.class_labels == ("WALKING", "SITTING")
    np.testing.assert_array_equal(dataset.X[[0, -1]], [[1, 2, 3], [-4, -5, -6]])
    np.testing.assert_array_equal(dataset.y, [0, 1, 0, 1, 1])
    assert len(list(cache.iterdir())) == 1
    (tmp_path / "served.zip").unlink()
    assert load_har(archive=har_archive, cache=cache).n_rows == 5


def test_har_without_network(tmp_path, har_archive):
    (tmp_path / "served.zip").unlink()
    with pytest.raises(ToolError, match=r"cannot be downloaded.*Check the network"):
        load_har(archive=har_archive, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_har_with_another_content_is_not_kept(tmp_path, har_archive):
    served = tmp_path / "served.zip"
    served.write_bytes(served.read_bytes() + b"!")
    with pytest.raises(DataError, match="not the known one"):
        load_har(archive=har_archive, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_har_cache_that_cannot_be_written(tmp_path, har_archive):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        load_har(archive=har_archive, cache=tmp_path / "file" / "cache")


def test_cache_folder_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "printml"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "printml"
