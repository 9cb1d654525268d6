"""Run one Yosys script in a process of its own: `python -m printml.synth.yosys_worker SCRIPT`.

A Yosys error ends the interpreter that hosts it, and two runs in one process may name
nets differently, so nobody imports pyosys but this process.
"""

from __future__ import annotations

import sys


def main() -> None:
    from pyosys import libyosys

    design = libyosys.Design()
    libyosys.run_pass(f"script {sys.argv[1]}", design)


if __name__ == "__main__":
    main()
