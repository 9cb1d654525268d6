"""Rows in an order that an event-driven simulator is quick with."""

from __future__ import annotations

import numpy as np

from printml.arrays import BitArray, IntArray

MOST_TOGETHER = 5_000
"""Rows among which the next one is sought; the time grows with their number times all rows."""


def gentle_order(X_int: IntArray) -> IntArray:
    """An order of the rows in which few input bits change from one to the next.

    From the first row to the nearest one left, each time (a tour by nearest neighbours, within
    runs of `MOST_TOGETHER` rows). Event-driven simulators spend their time on what changes.

    Parameters
    ----------
    X_int
        Unsigned integers, int64, shape (n_rows, n_features).

    Returns
    -------
    IntArray
        Indices of all rows, int64, shape (n_rows,).
    """
    words = _bits_as_words(X_int)
    runs = [
        low + _tour(words[low : low + MOST_TOGETHER]) for low in range(0, len(words), MOST_TOGETHER)
    ]
    return np.concatenate([*runs, np.empty(0, np.int64)])


def _tour(words: BitArray) -> IntArray:
    order = np.arange(len(words))
    words = words.copy()
    for at in range(len(order) - 1):
        left = words[at + 1 :]
        nearest = at + 1 + int(np.bitwise_count(left ^ words[at]).sum(axis=1).argmin())
        for values in (order, words):
            values[[at + 1, nearest]] = values[[nearest, at + 1]]
    return order


def _bits_as_words(X_int: IntArray) -> BitArray:
    """All input bits of a row side by side, uint64, shape (n_rows, n_words)."""
    n_bits = max(1, int(X_int.max(initial=0)).bit_length())
    bits = (X_int[:, :, None] >> np.arange(n_bits) & 1).astype(np.uint8)
    packed = np.packbits(bits.reshape(len(X_int), X_int.shape[1] * n_bits), axis=1)
    padded = np.zeros((len(X_int), -(-packed.shape[1] // 8) * 8), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)
