"""Look-up tables of Liberty, reduced to a line over the output load."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from printml.arrays import FloatArray, frozen
from printml.liberty.tree import Group

_LOAD = ("total_output_net_capacitance", "equal_or_opposite_output_net_capacitance")
_SLEW = ("input_net_transition", "input_transition_time")


@dataclass(frozen=True, eq=False)
class LoadTable:
    """A table at its smallest input slew.

    Attributes
    ----------
    loads, values
        float64, shape (n_loads,), in the file's units; a table without a load axis has the
        single load 0.
    """

    loads: FloatArray
    values: FloatArray

    def line(self) -> tuple[float, float]:
        """Least-squares `(t0, k)` of `value = t0 + k * load`; exact for two points."""
        if len(self.loads) == 1:
            return float(self.values[0]), 0.0
        x, y = self.loads, self.values
        with np.errstate(all="ignore"):  # the caller checks that the result is finite
            if len(x) == 2:
                k = (y[1] - y[0]) / (x[1] - x[0])
                return float(y[0] - k * x[0]), float(k)
            dx = x - x.mean()
            k = (dx @ (y - y.mean())) / (dx @ dx)
            return float(y.mean() - k * x.mean()), float(k)

    def at_least_load(self) -> float:
        return float(self.values[0])


def load_table(group: Group, templates: Mapping[str, Group]) -> LoadTable:
    """Read a table such as `cell_rise (template) { values (...); }`.

    Parameters
    ----------
    group
        Scalar, or indexed by load, by input slew, or by both in either order.
    templates
        `lu_table_template` and `power_lut_template` groups by name. The order of the axes and
        any index that the table does not give itself come from there.

    Raises
    ------
    LibertyError
        If the template is unknown, an axis is neither load nor slew, an index does not rise,
        or the number of values does not fit.
    """
    values_attribute = group.attribute("values")
    if values_attribute is None:
        raise group.error(f"{group.name} has no values")
    numbers = group.numbers(values_attribute)
    template = templates.get(group.label)
    if template is None and group.label not in ("", "scalar"):
        raise group.error(f"{group.name} names the unknown template {group.label!r}")
    axes = _axes(group, template)
    shape = tuple(len(index) for _, index in axes)
    if len(numbers) != math.prod(shape):
        expected = " x ".join(map(str, shape)) or "1"
        raise group.error(
            f"{group.name} has {len(numbers)} values where its indexes ask for {expected}"
        )
    values: FloatArray = np.array(numbers, dtype=np.float64).reshape(shape)
    for k, (kind, _) in enumerate(axes):
        if kind == "slew":  # indexes rise, so the first entry is the smallest
            values = np.take(values, [0], axis=k)
    loads = [index for kind, index in axes if kind == "load"]
    if not loads:
        return LoadTable(frozen([0.0], np.float64), frozen(values.reshape(1), np.float64))
    return LoadTable(frozen(loads[0], np.float64), frozen(values.reshape(-1), np.float64))


def _axes(group: Group, template: Group | None) -> list[tuple[str, FloatArray]]:
    axes: list[tuple[str, FloatArray]] = []
    if template is None:
        return axes
    for k in (1, 2, 3):
        variable = template.text(f"variable_{k}")
        if variable is None:
            break
        kind = "load" if variable in _LOAD else "slew" if variable in _SLEW else ""
        if not kind or any(kind == earlier for earlier, _ in axes):
            raise template.error(
                f"template {template.label!r} has the unsupported axis {variable!r}",
                hint=f"Tables may be indexed by {_LOAD[0]} and {_SLEW[0]}",
            )
        index = group.attribute(f"index_{k}") or template.attribute(f"index_{k}")
        if index is None:
            raise group.error(f"{group.name} has no index_{k}")
        points = np.array(group.numbers(index), dtype=np.float64)
        if points.size == 0 or np.any(np.diff(points) <= 0):
            raise group.error(f"index_{k} of {group.name} must rise", index.line)
        axes.append((kind, points))
    return axes
