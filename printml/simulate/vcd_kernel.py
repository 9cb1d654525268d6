"""The compiled loop over the value changes of a VCD dump."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from printml.arrays import IntArray
from printml.compiled import compiled

Bytes = npt.NDArray[np.uint8]

FINE, UNREADABLE, NO_NUMBER, UNSETTLED, SHORT = range(5)
"""How the loop ended: two words about the place, two about a bit, the vectors there were."""

MOST_CODE_BYTES = 9
"""Longest identifier code that fits into a number; Icarus needs four for 70 million nets."""

ZERO, ONE = ord("0"), ord("1")
_SPACE, _UPPER_TO_LOWER = ord(" "), ord("a") - ord("A")
_HASH, _DOLLAR, _X, _Z, _B, _R, _S = (ord(c) for c in "#$xzbrs")
_END = np.frombuffer(b"$end", np.uint8)
_COMMENT = np.frombuffer(b"$comment", np.uint8)


@compiled
def code_number(text: Bytes, begin: int, end: int) -> int:
    """A number of its own for each identifier code of up to `MOST_CODE_BYTES` printable ASCII
    characters; -1 for others."""
    if end - begin > MOST_CODE_BYTES:
        return -1
    number = 0
    for k in range(begin, end):
        if not ord("!") <= text[k] <= ord("~"):
            return -1
        number = number * 95 + (int(np.int64(text[k])) - 32)
    return number


@compiled
def _lower(byte: int) -> int:
    return byte + _UPPER_TO_LOWER if ord("A") <= byte <= ord("Z") else byte


@compiled
def _same(text: Bytes, begin: int, end: int, word: Bytes) -> bool:
    same = end - begin == word.shape[0]
    for k in range(word.shape[0]):
        same = same and text[begin + k] == word[k]
    return same


@compiled
def _next_word(text: Bytes, place: int) -> tuple[int, int]:
    """Begin and end of the first word at or after `place`; equal where there is none."""
    while place < text.shape[0] and text[place] <= _SPACE:
        place += 1
    end = place
    while end < text.shape[0] and text[end] > _SPACE:
        end += 1
    return place, end


@compiled
def _found(codes: IntArray, number: int) -> int:
    """Place of `number` in the ascending `codes`, or -1."""
    low, high = 0, codes.shape[0]
    while low < high:
        middle = (low + high) // 2
        if codes[middle] < number:
            low = middle + 1
        else:
            high = middle
    return low if low < codes.shape[0] and codes[low] == number else -1


@compiled
def _ended(
    bit: int, vector: int, value: Bytes, since: IntArray, sampled: Bytes, counts: IntArray
) -> bool:
    """Count the vectors that ended with the old value; whether that was 0 or 1."""
    length = vector - since[bit]
    if length > 0:
        if value[bit] != ZERO and value[bit] != ONE:
            return False
        counts[bit, value[bit] - ZERO] += length
        if sampled[bit] != 0 and sampled[bit] != value[bit]:
            counts[bit, 2] += 1
        sampled[bit] = value[bit]
        since[bit] = vector
    return True


@compiled
def count_changes(
    text: Bytes,
    begin: int,
    codes: IntArray,
    first_bit: IntArray,
    n_bits: IntArray,
    period_ticks: int,
    n_vectors: int,
    counts: IntArray,
) -> tuple[int, int, int]:
    """Vectors at 0, vectors at 1 and toggles of every bit, added to `counts` (n_bits, 3).

    Parameters
    ----------
    text
        The dump; its value changes begin at `begin`.
    codes
        `code_number` of each variable, ascending.
    first_bit, n_bits
        Rows of `counts` of each variable, most significant bit first.
    n_vectors
        Periods to count; -1 for those up to the last time.

    Returns
    -------
    tuple
        `FINE` and the vectors counted; `UNREADABLE` or `NO_NUMBER`, begin and end of a word;
        `UNSETTLED`, a bit and the vector at whose end it is neither 0 nor 1 (its value is in
        `counts[bit, 2]` then); `SHORT` and the vectors there are.
    """
    n_all = counts.shape[0]
    value = np.full(n_all, _X, np.uint8)
    sampled = np.zeros(n_all, np.uint8)
    since = np.zeros(n_all, np.int64)
    time = 0
    place = begin
    while True:
        word, end = _next_word(text, place)
        if word == end:
            break
        place = end
        first = _lower(text[word])
        digits, digits_end = word, word + 1
        code, code_end = word + 1, end
        if first == _HASH:
            time = 0
            for k in range(word + 1, end):
                if not ZERO <= text[k] <= ord("9"):
                    return NO_NUMBER, word + 1, end
                time = 10 * time + (int(np.int64(text[k])) - ZERO)
            if end == word + 1:
                return NO_NUMBER, word + 1, end
            continue
        if first == _DOLLAR:
            if _same(text, word, end, _COMMENT):
                while word < end and not _same(text, word, end, _END):
                    word, end = _next_word(text, end)
                place = end
            continue
        if first == _B:
            digits, digits_end = word + 1, end
            code, code_end = _next_word(text, end)
            place = code_end
        elif first in (_R, _S):
            _, place = _next_word(text, end)
            continue
        elif first != ZERO and first != ONE and first != _X and first != _Z:
            return UNREADABLE, word, end
        variable = _found(codes, code_number(text, code, code_end))
        if variable < 0:
            continue
        n_given, n_wanted = digits_end - digits, n_bits[variable]
        if n_given == 0:
            return UNREADABLE, word, end
        vector = time // period_ticks
        if n_vectors >= 0 and vector >= n_vectors:
            continue
        # A shorter word stands for leading zeros, or for leading x or z if it begins with one.
        leading = _lower(text[digits])
        if leading == ONE:
            leading = ZERO
        for k in range(n_wanted):
            at = digits_end - n_wanted + k
            new = _lower(text[at]) if at >= digits else leading
            bit = first_bit[variable] + k
            if new != value[bit]:
                if not _ended(bit, vector, value, since, sampled, counts):
                    counts[bit, 2] = value[bit]
                    return UNSETTLED, bit, since[bit]
                value[bit] = new
    n_seen = -(-time // period_ticks)
    n = n_seen if n_vectors < 0 else n_vectors
    if n_seen < n:
        return SHORT, n_seen, 0
    for bit in range(n_all):
        if not _ended(bit, n, value, since, sampled, counts):
            counts[bit, 2] = value[bit]
            return UNSETTLED, bit, since[bit]
    return FINE, n, 0
