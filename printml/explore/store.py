"""Finished work, kept under a hash of everything it depends on, so that it is never done twice.

A key covers the recipe, the rows of the data set, the cell library and the sources of printml.
Entries appear whole by renaming; the same key is worked on by one process at a time, and a lock
dies with its process. Several explorations may share one store.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from printml.errors import InputError, unwritable_place
from printml.files import cache_folder
from printml.fingerprint import source_fingerprint
from printml.flow.recipe import Recipe
from printml.flow.run import library_of
from printml.flow.train_step import load_recipe_data

NOT_IN_KEY = ("timeout_s",)
"""Fields of a recipe that change no result."""


@dataclass(frozen=True)
class StoreSize:
    """What a store holds: finished entries and bytes on disk, those of older sources apart."""

    n_entries: int
    n_bytes: int


def default_store() -> Path:
    """The user's store, in the cache folder."""
    return cache_folder() / "store"


def key_of(recipe: Recipe, *, kind: str) -> str:
    """40 hex digits that name the result of `kind` for a recipe.

    Raises
    ------
    PrintmlError
        If the data set or the library cannot be read.
    """
    dataset = load_recipe_data(recipe)
    digest = hashlib.sha256()
    fields = {k: v for k, v in dataclasses.asdict(recipe).items() if k not in NOT_IN_KEY}
    head = [source_fingerprint(), library_of(recipe).sha256, kind, fields]
    head += [dataset.feature_names, dataset.class_labels]
    digest.update(json.dumps(head, sort_keys=True).encode())
    digest.update(dataset.X.tobytes() + dataset.y.tobytes())
    for extra in (dataset.weights, dataset.groups, dataset.test_rows):
        digest.update(b"-" if extra is None else extra.tobytes())
    return digest.hexdigest()[:40]


@contextlib.contextmanager
def entry(store: Path, key: str) -> Iterator[Path]:
    """The place of a key, held until the block ends; whoever else wants it waits.

    Raises
    ------
    InputError
        If the store cannot be written.
    """
    with _locked(store, f"{key[:2]}/.{key}.held", fcntl.LOCK_EX):
        yield store / key[:2] / key


@contextlib.contextmanager
def in_use(store: Path) -> Iterator[None]:
    """Keep a store from being cleared until the block ends.

    Raises
    ------
    InputError
        If the store cannot be written.
    """
    with _locked(store, ".in-use", fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def _locked(store: Path, name: str, how: int) -> Iterator[None]:
    """Hold a lock file of the store; `BlockingIOError` if `how` does not wait and it is taken."""
    path = store / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise unwritable_place(store, error) from error
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def store_size(store: Path) -> StoreSize:
    """Count what is there."""
    entries = [path for path in store.glob("??/*") if not path.name.startswith(".")]
    n_bytes = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return StoreSize(len(entries), n_bytes)


def clear_store(store: Path) -> StoreSize:
    """Delete every entry that no process holds; returns what was there before.

    Raises
    ------
    InputError
        If an exploration uses the store or it cannot be written.
    """
    try:
        with _locked(store, ".in-use", fcntl.LOCK_EX | fcntl.LOCK_NB):
            before = store_size(store)
            for place in store.glob("??/*"):
                if not place.name.startswith("."):
                    _delete_unless_held(store, place)
            return before
    except BlockingIOError as error:
        raise InputError(
            "an exploration uses this store",
            where=str(store),
            hint="Wait until it has ended, or stop it; what it finished is kept",
        ) from error


def _delete_unless_held(store: Path, place: Path) -> None:
    # Workers of an exploration that was killed may be at it still.
    held = f"{place.parent.name}/.{place.name}.held"
    with contextlib.suppress(BlockingIOError), _locked(store, held, fcntl.LOCK_EX | fcntl.LOCK_NB):
        # Renamed first: a reader sees the entry whole or not at all.
        gone = place.with_name(f".{place.name}.gone")
        shutil.rmtree(gone, ignore_errors=True)
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True) if gone.is_dir() else gone.unlink()
