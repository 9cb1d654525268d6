"""A pruning path on disk, so that a killed run goes on from its last whole checkpoint."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from printml.errors import PrintmlError
from printml.files import cache_folder
from printml.fingerprint import source_fingerprint
from printml.liberty.library import CellLibrary
from printml.netlist.json_file import netlist_from_json, netlist_to_json
from printml.netlist.netlist import Netlist
from printml.prune.network import GateNetwork
from printml.prune.search import PrunePoint
from printml.prune.state import Evidence

ARRAYS = ("op", "a", "b", "outputs")


def checkpoint_path(
    netlist: Netlist,
    library: CellLibrary,
    evidence: Evidence,
    *,
    most_wrong: float,
    optimize: str,
    ends: tuple[float, float],
) -> Path:
    """Where the path of exactly this work, by exactly this code, is kept."""
    digest = hashlib.sha256()
    head = [
        source_fingerprint(), library.sha256, most_wrong, optimize,
        ends, netlist_to_json(netlist),
    ]  # fmt: skip
    digest.update(json.dumps(head).encode())
    for array in (evidence.X_int, evidence.y, evidence.weights):
        digest.update(array.tobytes())
    return cache_folder() / "checkpoints" / f"{digest.hexdigest()[:32]}.npz"


def save_points(path: Path, points: list[PrunePoint]) -> None:
    """Write beside, then rename. A place that cannot be written costs the checkpoint only."""
    arrays: dict[str, np.ndarray] = {}
    rounds: dict[int, Netlist] = {}
    head = []
    for k, point in enumerate(points):
        rounds.setdefault(point.round, point.network.like)
        for name in ARRAYS:
            arrays[f"{name}{k}"] = getattr(point.network, name)
        head.append(
            [point.wrong, point.area_mm2, point.cost, point.n_judged, point.round, point.changes]
        )
    text = json.dumps({"points": head, "rounds": [netlist_to_json(n) for n in rounds.values()]})
    arrays["head"] = np.frombuffer(text.encode(), np.uint8)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(packed.getvalue())
        os.replace(temporary, path)
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def load_points(path: Path) -> list[PrunePoint]:
    """The points of a checkpoint; none if there is no whole one."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes().decode())
            rounds = [netlist_from_json(netlist) for netlist in head["rounds"]]
            return [
                PrunePoint(
                    wrong=wrong,
                    area_mm2=area,
                    cost=cost,
                    network=GateNetwork(rounds[number], *(arrays[f"{name}{k}"] for name in ARRAYS)),
                    changes=tuple(changes),
                    n_judged=n_judged,
                    round=number,
                )
                for k, (wrong, area, cost, n_judged, number, changes) in enumerate(head["points"])
            ]
    except (
        OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, PrintmlError,
    ):  # fmt: skip
        return []
