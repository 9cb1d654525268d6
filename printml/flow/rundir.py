"""Run folders: built beside their place and renamed into it, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from printml.errors import CheckError, InputError, PrintmlError, ToolError, unwritable_place

METRICS = "metrics.json"
MARKER = "recipe.toml"
"""Every run folder has one, also a half-done one: what tells it from a user's other folders."""


@dataclass(frozen=True)
class RunFolder:
    """Places inside a run folder."""

    path: Path
    top: str

    @property
    def model(self) -> Path:
        return self.path / "model.json"

    @property
    def recipe(self) -> Path:
        return self.path / MARKER

    @property
    def rows(self) -> Path:
        return self.path / "rows.npz"

    @property
    def metrics(self) -> Path:
        return self.path / METRICS

    @property
    def rtl(self) -> Path:
        return self.path / "rtl" / f"{self.top}.v"

    @property
    def structure(self) -> Path:
        return self.path / "rtl" / f"{self.top}_structure.v"

    @property
    def netlist_verilog(self) -> Path:
        return self.path / "netlist" / f"{self.top}.v"

    @property
    def netlist_json(self) -> Path:
        return self.path / "netlist" / f"{self.top}.json"

    @property
    def cells(self) -> Path:
        return self.path / "cells.v"

    @property
    def activity(self) -> Path:
        return self.path / "activity.saif"

    @property
    def sim(self) -> Path:
        return self.path / "sim"

    @property
    def logs(self) -> Path:
        return self.path / "logs"


@contextlib.contextmanager
def staged(target: Path, *, start_from: Path | None = None) -> Iterator[Path]:
    """A scratch folder that becomes `target` if the block ends well and vanishes if not.

    After a failed tool or check it stays as `NAME.failed` beside the target, logs and all.

    Parameters
    ----------
    target
        The run folder to make or to replace.
    start_from
        Run folder whose files the scratch folder starts with.

    Raises
    ------
    InputError
        If `target` exists and is not a run folder (it is left alone), if another process is
        building it, or if the place cannot be written.
    """
    target = Path(os.path.abspath(target))
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError("the run folder's place is taken by a file or link", where=str(target))
    if target.is_dir() and any(target.iterdir()) and not (target / MARKER).exists():
        raise InputError(
            "the folder is not empty and not a run folder, so it is left alone",
            where=str(target),
            hint="Choose another folder with --out",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable_place(target.parent, error) from error
    with _locked(target):
        scratch = _scratch_beside(target)
        try:
            if start_from is not None:
                shutil.copytree(start_from, scratch, dirs_exist_ok=True)
            yield scratch
            _replace(target, scratch)
        except (ToolError, CheckError) as error:
            raise _with_evidence(error, scratch, target) from error
        except OSError as error:
            raise unwritable_place(Path(error.filename or target), error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _scratch_beside(target: Path) -> Path:
    try:
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.building."))
        umask = os.umask(0)
        os.umask(umask)
        scratch.chmod(0o777 & ~umask)
        return scratch
    except OSError as error:
        raise unwritable_place(target.parent, error) from error


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Hold the lock of a run folder; the system frees it if this process dies."""
    path = target.parent / f".{target.name}.lock"
    handle = _open_and_lock(path, target)
    try:
        for replaced in target.parent.glob(f".{target.name}.building.*.old"):
            if not target.exists():
                # Its replacer died between the two renames: put the old folder back.
                replaced.rename(target)
        for left_over in target.parent.glob(f".{target.name}.building.*"):
            # We hold the lock, so whoever made it is dead.
            shutil.rmtree(left_over, ignore_errors=True)
        yield
    finally:
        # While it is held: afterwards it might be another process's.
        path.unlink(missing_ok=True)
        os.close(handle)


def _open_and_lock(path: Path, target: Path) -> int:
    """The locked file that `path` names, and not one that its last holder has just removed."""
    while True:
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        except OSError as error:
            raise unwritable_place(path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise InputError(
                "another printml is building this run folder",
                where=str(target),
                hint="Wait for it, or choose another folder with --out",
            ) from error
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)


def _with_evidence(error: PrintmlError, scratch: Path, target: Path) -> PrintmlError:
    """Keep what a failed tool or check left as `NAME.failed`; the same error, naming it there."""
    failed = target.with_name(target.name + ".failed")
    shutil.rmtree(failed, ignore_errors=True)
    scratch.rename(failed)
    return type(error)(
        error.what.replace(str(scratch), str(failed)),
        where=error.where.replace(str(scratch), str(failed)),
        hint=error.hint,
    )


def _replace(target: Path, scratch: Path) -> None:
    """Put `scratch` in the place of `target`; a reader sees the old folder or the new one."""
    if target.exists():
        old = scratch.with_name(scratch.name + ".old")
        target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        scratch.rename(target)
