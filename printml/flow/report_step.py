"""Reading out of a run folder what its page shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from printml.flow.run import library_of, read_json, read_netlist, read_run
from printml.flow.rundir import METRICS, RunFolder
from printml.liberty.library import CellLibrary
from printml.netlist.netlist import Netlist
from printml.netlist.structure import logic_levels
from printml.report.run_page import RunEvidence
from printml.report.schematic import DrawnNet
from printml.simulate.activity import measure_activity
from printml.simulate.kernel import outputs


def run_evidence(path: Path, *, shown_as: Path | None = None) -> RunEvidence:
    """Evidence of a finished run folder's last stage.

    Parameters
    ----------
    shown_as
        Name of the folder in the command, where `path` is only its scratch place.

    Raises
    ------
    InputError
        If the folder is not a finished run.
    """
    recipe, run, model, rows = read_run(path)
    metrics = read_json(path / METRICS)
    last = metrics["stages"][-1]["name"]
    library = library_of(recipe)
    netlist = read_netlist(run if last == "exact" else RunFolder(path / last, run.top))
    X, y = rows.X_int[rows.test], rows.y[rows.test]
    answered = outputs(netlist, library, X)["class"]
    n_classes = len(model.class_labels)
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (y, np.minimum(answered, n_classes - 1)), 1)
    activity = measure_activity(netlist, library, X)
    share = activity.t1[netlist.first_gate_net :] / activity.n_vectors
    names = [netlist.cell_names[kind] for kind in netlist.kind]
    return RunEvidence(
        title=f"{metrics['dataset']} {metrics['model']}",
        metrics=metrics,
        class_labels=tuple(model.class_labels),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        share_of_ones=tuple(float(value) for value in share),
        gate_titles=tuple(
            f"{name}, net {netlist.first_gate_net + k}: 1 on {100 * value:.1f} % of test rows"
            for k, (name, value) in enumerate(zip(names, share, strict=True))
        ),
        nets=_drawn(netlist, library),
        outputs=tuple(
            (f"{port.name}[{bit}]" if port.width > 1 else port.name, int(net))
            for port in netlist.outputs
            for bit, net in enumerate(port.nets)
        ),
        command=f"printml build --recipe {shown_as or path}/recipe.toml",
    )


def _drawn(netlist: Netlist, library: CellLibrary) -> tuple[DrawnNet, ...]:
    levels = logic_levels(netlist).tolist()
    nets = [DrawnNet("0", 0, ()), DrawnNet("1", 0, ())]
    for port in netlist.inputs:
        for bit in range(port.width):
            label = f"{port.name}[{bit}]" if port.width > 1 else port.name
            nets.append(DrawnNet(label, 0, ()))
    for gate, kind in enumerate(netlist.kind.tolist()):
        name = netlist.cell_names[kind]
        pins = netlist.fanin[gate, : library.cells[name].n_inputs].tolist()
        label = name.removesuffix("X1")
        nets.append(DrawnNet(label, int(levels[netlist.first_gate_net + gate]), tuple(pins)))
    return tuple(nets)
