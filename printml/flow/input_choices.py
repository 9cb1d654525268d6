"""What a recipe says of single inputs: their bits and the range that the sensor states."""

from __future__ import annotations

import math
from typing import Any

from printml.errors import InputError

MOST_BITS = 16


def feature_bits(text: str) -> tuple[str, int]:
    """`NAME=BITS`, 0 to 16 bits.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    name, _, bits = text.rpartition("=")
    number = bits.isascii() and bits.isdigit() and len(bits) <= 2
    if not name or not number or int(bits) > MOST_BITS:
        raise InputError(
            f"feature bits {text!r} are not of the form NAME=BITS with 0 to {MOST_BITS} bits",
            hint="Write alcohol=3, or alcohol=0 to leave the feature out",
        )
    return name, int(bits)


def input_range(text: str) -> tuple[str, float, float]:
    """`NAME=MIN:MAX` in the feature's unit.

    Raises
    ------
    InputError
        If it is not of that form, or empty.
    """
    name, _, ends = text.rpartition("=")
    low, _, high = ends.partition(":")
    try:
        values = float(low), float(high)
    except ValueError:
        values = math.nan, math.nan
    if not name or not all(map(math.isfinite, values)) or not values[0] < values[1]:
        raise InputError(
            f"input range {text!r} is not of the form NAME=MIN:MAX with MIN below MAX",
            hint="Write alcohol=8:15",
        )
    return name, *values


def from_inputs_table(table: dict[str, Any], *, where: str) -> dict[str, Any]:
    """A recipe's table with `[inputs.NAME]` (`min`, `max`, `bits`) written as its lists.

    Raises
    ------
    InputError
        For a wrong type, an unknown key, or a range with one end.
    """
    if "inputs" not in table:
        return table
    inputs = table["inputs"]
    if not isinstance(inputs, dict) or not all(isinstance(v, dict) for v in inputs.values()):
        raise InputError(
            "inputs must be tables", where=where, hint="Write [inputs.alcohol] with min, max, bits"
        )
    bits, ranges = [], []
    for name, said in inputs.items():
        place = f"{where}, inputs.{name}"
        unknown = set(said) - {"min", "max", "bits"}
        if unknown:
            raise InputError(
                f"unknown key {min(unknown)!r}", where=place, hint="Known keys: min, max, bits"
            )
        numbers = all(
            isinstance(v, int if key == "bits" else (int, float)) and not isinstance(v, bool)
            for key, v in said.items()
        )
        if not numbers or ("min" in said) != ("max" in said):
            raise InputError(
                "min and max must be numbers, both of them, and bits a whole number",
                where=place,
                hint="Write min = 8.0, max = 15.0, bits = 4",
            )
        if "min" in said:
            ranges.append(f"{name}={said['min']!r}:{said['max']!r}")
        if "bits" in said:
            bits.append(f"{name}={said['bits']}")
    merged = {key: value for key, value in table.items() if key != "inputs"}
    for key, found in (("feature_bits", bits), ("input_ranges", ranges)):
        if found:
            before = merged.get(key, [])
            merged[key] = [*before, *found] if isinstance(before, list) else before
    return merged
