"""A binary heap of (cost, key) on two arrays, for compiled loops; equal costs by key."""

from __future__ import annotations

import numpy as np

from printml.arrays import IntArray
from printml.compiled import compiled


@compiled
def push(costs: IntArray, keys: IntArray, size: int, cost: int, key: int) -> int:
    """Put (cost, key) on a binary heap, return its size."""
    k = size
    while k > 0:
        up = (k - 1) >> 1
        if costs[up] < cost or (costs[up] == cost and keys[up] <= key):
            break
        costs[k], keys[k] = costs[up], keys[up]
        k = up
    costs[k], keys[k] = cost, key
    return size + 1


@compiled
def pop(costs: IntArray, keys: IntArray, size: int) -> int:
    """Take the top off a binary heap of `size`, return the size left."""
    size -= 1
    cost, key = costs[size], keys[size]
    k = 0
    while 2 * k + 1 < size:
        down = 2 * k + 1
        right = down + 1
        if right < size and (
            costs[right] < costs[down] or (costs[right] == costs[down] and keys[right] < keys[down])
        ):
            down = right
        if cost < costs[down] or (cost == costs[down] and key <= keys[down]):
            break
        costs[k], keys[k] = costs[down], keys[down]
        k = down
    costs[k], keys[k] = cost, key
    return size


@compiled
def longer(array: IntArray) -> IntArray:
    """A copy with as much room again."""
    result = np.empty(2 * array.size, np.int64)
    result[: array.size] = array
    return result
