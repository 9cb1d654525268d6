"""The same function with less area: a mapped netlist through our own mapping flows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from printml.errors import CheckError, NetlistError
from printml.files import write_text_atomic
from printml.flow.stimulus import random_vectors
from printml.liberty.library import CellLibrary
from printml.liberty.views import verilog_cells
from printml.netlist.netlist import Netlist, Port
from printml.netlist.transform import output_nets, tie
from printml.netlist.verilog import to_verilog
from printml.simulate.kernel import outputs
from printml.synth.synthesize import synthesize
from printml.verify.equivalence import prove_equivalence
from printml.verify.ladder import Verdict

TOP = "resynth"
N_VECTORS = 65_536


@dataclass(frozen=True, eq=False)
class Resynthesis:
    """The smaller netlist (or the one given), what made it, and how equality was established."""

    before: Netlist
    after: Netlist
    flow: str
    verdict: Verdict


def resynthesize(
    netlist: Netlist,
    library: CellLibrary,
    *,
    effort: str = "normal",
    mostly_sums: bool = False,
    timeout_s: float = 300.0,
    n_jobs: int = 1,
    rewrite: Callable[[Netlist], Netlist] | None = None,
) -> Resynthesis:
    """Map the function of `netlist` again and keep the result if it is smaller.

    Candidates are the netlist itself, the netlist without constants and dead gates, and what the
    mapping flows of `effort` make of it. A new netlist is compared on 65,536 random vectors and
    proved equal by ABC; if the proof runs out of time, the verdict is `simulated`.

    Parameters
    ----------
    mostly_sums
        As in `synthesize`.
    rewrite
        Applied to the smallest candidate, for power say; its result is proved equal as well.

    Returns
    -------
    Resynthesis
        `after` has the ports and name of `netlist` and, if not rewritten, never more area.

    Raises
    ------
    NetlistError
        If the netlist has no outputs, or the library lacks a cell.
    CheckError
        If a result differs, which would be a bug.
    ToolError
        If a tool fails; the folder with the logs stays.
    """
    if not netlist.outputs:
        raise NetlistError("the netlist has no outputs", where=f"netlist {netlist.name}")
    plain = _plain(netlist)
    tied = tie(plain, {}, library)
    candidates = [("as given", plain), ("constants and dead gates dropped", tied)]
    folder = Path(tempfile.mkdtemp(prefix="printml-resynth-"))
    logs = folder / "logs"
    logs.mkdir()
    if tied.n_gates:
        source = folder / "original.v"
        models = verilog_cells(library)
        source.write_text(to_verilog(plain, library=library) + models, encoding="utf-8")
        synthesis = synthesize(
            source,
            top=TOP,
            library=library,
            folder=folder,
            log_folder=logs,
            effort=effort,
            mostly_sums=mostly_sums,
            timeout_s=timeout_s,
            n_jobs=n_jobs,
        )
        # ABC may leave wires through pseudo cells; what they allow is taken here.
        candidates.append((f"flow {synthesis.flow}", tie(synthesis.netlist, {}, library)))
    areas = [candidate.area_cm2(library) for _, candidate in candidates]
    flow, best = candidates[int(np.argmin(areas))]
    if rewrite is not None:
        flow, best = f"{flow}, rewritten", rewrite(best)
    if best is plain:
        verdict = Verdict("original = result", "proved", 0, 0.0, "nothing was changed")
    else:
        verdict = _proved(plain, best, library, folder, logs, timeout_s)
    shutil.rmtree(folder, ignore_errors=True)
    return Resynthesis(netlist, _named_like(netlist, best), flow, verdict)


def write_resynthesis(path: Path, result: Resynthesis, *, library: CellLibrary) -> None:
    """Write the netlist as structural Verilog.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    header = f"Resynthesised by printml ({result.flow}) for {library.name}; {result.verdict.how}"
    write_text_atomic(path, to_verilog(result.after, library=library, header=header))


def _plain(netlist: Netlist) -> Netlist:
    """Names that every tool takes, no signs: only the bits matter for the function."""
    return replace(
        netlist,
        name=TOP,
        inputs=tuple(Port(f"in{i}", port.nets) for i, port in enumerate(netlist.inputs)),
        outputs=tuple(Port(f"out{i}", port.nets) for i, port in enumerate(netlist.outputs)),
    )


def _named_like(original: Netlist, netlist: Netlist) -> Netlist:
    """The original's names and signs on the ports of the result, matched by their plain names."""
    inputs = {port.name: port for port in netlist.inputs}
    found = {port.name: port for port in netlist.outputs}
    return replace(
        netlist,
        name=original.name,
        inputs=tuple(
            replace(port, nets=inputs[f"in{i}"].nets) for i, port in enumerate(original.inputs)
        ),
        outputs=tuple(
            replace(port, nets=found[f"out{i}"].nets) for i, port in enumerate(original.outputs)
        ),
    )


def _proved(
    plain: Netlist,
    best: Netlist,
    library: CellLibrary,
    folder: Path,
    logs: Path,
    timeout_s: float,
) -> Verdict:
    if [port.width for port in best.inputs] != [port.width for port in plain.inputs]:
        raise CheckError("resynthesis changed the input ports", where=f"logs in {logs}")
    _compare_random(plain, best, library)
    proof = folder / "proof"
    proof.mkdir()
    sources = {
        "before.v": to_verilog(plain, library=library) + verilog_cells(library),
        "after.v": to_verilog(best, library=library),
        "models.v": verilog_cells(library),
    }
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return prove_equivalence(
        folder / "before.v",
        folder / "after.v",
        folder / "models.v",
        top=TOP,
        folder=proof,
        log_folder=logs,
        timeout_s=timeout_s,
    )


def _compare_random(plain: Netlist, best: Netlist, library: CellLibrary) -> None:
    """The kernel on both, one output bit at a time, so that no bus is too wide."""
    cut, X = random_vectors(plain, n_vectors=N_VECTORS, seed=0)
    answers = []
    for netlist in (plain, best):
        bits = [Port(f"o{i}", (int(net),)) for i, net in enumerate(output_nets(netlist))]
        driven = replace(netlist, inputs=cut.inputs, outputs=tuple(bits))
        answers.append(outputs(driven, library, X))
    for name, before in answers[0].items():
        if not np.array_equal(before, answers[1][name]):
            raise CheckError(
                f"resynthesis changed output bit {name[1:]}",
                where=f"netlist {plain.name}",
                hint="This is a bug in printml or in the mapper; please report it with the netlist",
            )
