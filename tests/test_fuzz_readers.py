"""Every reader on damaged files: success or a `PrintmlError`, nothing else.

`python -m benchmarks.fuzz READER` does the same for long, guided by coverage.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import READERS
from printml.errors import PrintmlError

PIECES = [
    b"", b"\0", b"\xff\xfe", b"9" * 400, b"-1e999", b"nan", b'"', b"\\", b"(" * 3000, b"[" * 3000,
    b"{" * 3000, b"\n", "\u00e4\u0130\u202e".encode(), b"null", b"1_0", b"../../x", b"\x1b[2J",
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_file_is_read_or_refused(reader: str, tmp_path: Path) -> None:
    read, suffix, corpus = READERS[reader]()
    place = tmp_path / f"input{suffix}"
    for content in corpus:
        place.write_bytes(content)
        read(place)

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        content=st.sampled_from(corpus),
        cuts=st.lists(
            st.tuples(
                st.floats(0, 1),
                st.integers(0, 30),
                st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)),
            ),
            min_size=1,
            max_size=4,
        ),
    )
    def damaged(content: bytes, cuts: list[tuple[float, int, bytes]]) -> None:
        for where, length, piece in cuts:
            at = int(where * len(content))
            content = content[:at] + piece + content[at + length :]
        place.write_bytes(content)
        said = ""
        try:
            read(place)
        except PrintmlError as error:
            said = str(error)
        # Whatever a file holds, its bytes do not steer the terminal.
        assert said.replace("\n", "").isprintable(), repr(said)

    damaged()
