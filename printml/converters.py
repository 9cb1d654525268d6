"""The analog-digital converters in front of a classifier: flash, one comparator per level.

A 4-bit flash converter of the same technology takes 0.17 cm2 and 1.3 mW per input (published
figures), which is taken as 15 comparators of equal size. Encoders are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from printml.netlist.netlist import Netlist
from printml.quantize.integer_model import IntegerModel, IntegerNetwork

COMPARATOR_CM2 = 0.17 / 15
COMPARATOR_MW = 1.3 / 15


@dataclass(frozen=True)
class Converters:
    """Converters that a circuit needs.

    Attributes
    ----------
    comparators
        Per input, in the order of the ports.
    """

    comparators: tuple[int, ...]

    @property
    def area_cm2(self) -> float:
        return COMPARATOR_CM2 * sum(self.comparators)

    @property
    def power_mw(self) -> float:
        return COMPARATOR_MW * sum(self.comparators)


def converters_of(netlist: Netlist, model: IntegerModel | None = None) -> Converters:
    """Comparators that the netlist's inputs need.

    An input of which only the upper k bits are read needs 2**k - 1 levels, one that is not read
    none. A tree or an ensemble of trees needs no more levels than it has thresholds.

    Parameters
    ----------
    model
        What the netlist implements exactly, if that is known.
    """
    read = {net for port in netlist.outputs for net in port.nets} | set(netlist.fanin.ravel())
    levels = []
    for port in netlist.inputs:
        used = [place for place, net in enumerate(port.nets) if net in read]
        levels.append((1 << (port.width - min(used))) - 1 if used else 0)
    if model is not None and not isinstance(model, IntegerNetwork):
        for feature in range(model.n_features):
            own = np.unique(model.threshold[model.feature == feature])
            levels[feature] = min(levels[feature], len(own))
    return Converters(tuple(levels))
