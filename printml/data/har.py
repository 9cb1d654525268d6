"""Human Activity Recognition Using Smartphones: downloaded on request, never committed.

Its own README forbids commercial use, so the archive stays in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from printml.arrays import FloatArray
from printml.data.assemble import make_dataset
from printml.data.dataset import Dataset
from printml.errors import DataError, ToolError, unwritable_place
from printml.files import cache_folder


@dataclass(frozen=True)
class Archive:
    """Where the archive is and what it must be. `inner` is the zip file inside the zip file."""

    url: str
    size_bytes: int
    sha256: str
    inner: str
    inner_sha256: str


HAR = Archive(
    url="https://archive.ics.uci.edu/static/public/240/human+activity+recognition+using+smartphones.zip",
    size_bytes=61_005_872,
    sha256="c00b803081a5c797cd5e4b83700a9810b38d53d9d84e01917e090e1fdbc81031",
    inner="UCI HAR Dataset.zip",
    inner_sha256="2045e435c955214b38145fb5fa00776c72814f01b203fec405152dac7d5bfeb0",
)


def load_har(*, archive: Archive = HAR, cache: Path | None = None) -> Dataset:
    """Load the 10299 x 561 table (official training rows first, then the test rows).

    Parameters
    ----------
    archive
        What to download; another one is only of use to tests.
    cache
        Folder that keeps the archive; default `cache_folder()`.

    Raises
    ------
    ToolError
        If the archive is not in the cache and cannot be downloaded.
    DataError
        If what came is not the known archive.
    """
    path = fetch(archive, cache or cache_folder())
    try:
        with zipfile.ZipFile(path) as outer:
            inner_bytes = outer.read(archive.inner)
        if hashlib.sha256(inner_bytes).hexdigest() != archive.inner_sha256:
            raise DataError("the inner archive has another checksum", where=str(path))
        with zipfile.ZipFile(io.BytesIO(inner_bytes)) as inner:
            feature_names = _feature_names(_member(inner, "features.txt"))
            activities = dict(
                line.split() for line in _member(inner, "activity_labels.txt").splitlines()
            )
            parts = [
                _matrix(_member(inner, f"{part}/X_{part}.txt"), len(feature_names))
                for part in ("train", "test")
            ]
            codes = [
                code
                for part in ("train", "test")
                for code in _member(inner, f"{part}/y_{part}.txt").split()
            ]
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"not the expected archive: {error}", where=str(path)) from error
    return make_dataset(
        name="har",
        feature_names=feature_names,
        X=np.concatenate(parts),
        labels=[activities[code] for code in codes],
        class_order=list(activities.values()),
        source=archive.url,
    )


def is_downloaded(*, archive: Archive = HAR, cache: Path | None = None) -> bool:
    """Whether the archive is in the cache; it is not checked and nothing is downloaded."""
    return _place(archive, cache or cache_folder()).is_file()


def _place(archive: Archive, cache: Path) -> Path:
    return cache / f"{archive.sha256[:16]}.zip"


def fetch(archive: Archive, cache: Path) -> Path:
    """Path of the checked archive in the cache; downloads it when it is not there.

    Raises
    ------
    ToolError
        If it cannot be downloaded.
    DataError
        If its size or checksum differs; nothing is kept then.
    InputError
        If the cache folder cannot be written.
    """
    path = _place(archive, cache)
    if path.is_file() and _sha256(path) == archive.sha256:
        return path
    temporary: Path | None = None
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache, prefix=".download-")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            _download(archive, stream)
        if _sha256(temporary) != archive.sha256:
            raise DataError(
                "the downloaded archive is not the known one: size or checksum differs",
                where=archive.url,
                hint="Try again; if it stays, the publisher has changed the file",
            )
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable_place(cache, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


def _download(archive: Archive, stream: io.BufferedWriter) -> None:
    remaining = archive.size_bytes + 1  # one byte more shows a file that is too long
    try:
        with urllib.request.urlopen(archive.url, timeout=30) as response:
            while remaining > 0:
                block = response.read(min(1 << 20, remaining))
                if not block:
                    break
                remaining -= len(block)
                stream.write(block)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ToolError(
            f"the data set cannot be downloaded: {getattr(error, 'reason', error)}",
            where=archive.url,
            hint="Check the network connection; every other built-in set works without one",
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _member(archive: zipfile.ZipFile, name: str) -> str:
    return archive.read(f"UCI HAR Dataset/{name}").decode("ascii")


def _feature_names(text: str) -> list[str]:
    """Names of `features.txt`; 84 of them occur three times and get their number appended."""
    numbered = [line.split(maxsplit=1) for line in text.splitlines()]
    counts = Counter(name for _, name in numbered)
    return [name if counts[name] == 1 else f"{name}_{number}" for number, name in numbered]


def _matrix(text: str, n_columns: int) -> FloatArray:
    return np.array(text.split(), dtype=np.float64).reshape(-1, n_columns)
