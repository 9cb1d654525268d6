"""Write docs/exact.md from the run folders that `make all` and `make published` left.

python -m benchmarks.exact
"""

from __future__ import annotations

from pathlib import Path

from printml.files import write_text_atomic
from printml.flow.recipe import FAMILIES, read_flow
from printml.flow.run import read_json
from printml.report.table import markdown_table

ROOT = Path(__file__).resolve().parent.parent

INTRODUCTION = """# Exact circuits

Nothing is approximated here. Written by `python -m benchmarks.exact` from the run
folders of `make all` (`runs/SET/MODEL`); `printml report runs/redwine/*` prints one set. `!` marks
a critical path longer than the clock period. Trees have 8-bit inputs, the others 4-bit inputs and
8-bit coefficients. Only the class is an output (`--keep-scores` is off), and only the classifier is
counted, not the analog-digital converters.
"""


def main() -> None:
    parts = [INTRODUCTION]
    for flow_file in sorted((ROOT / "flows").glob("*.toml")):
        flow = read_flow(flow_file)
        folders = [ROOT / "runs" / flow.name / family for family in FAMILIES]
        runs = [read_json(f / "metrics.json") for f in folders if (f / "metrics.json").exists()]
        if runs:
            parts.append(f"## {flow.name}\n\n{markdown_table(runs)}")
    write_text_atomic(ROOT / "docs" / "exact.md", "\n".join(parts))


if __name__ == "__main__":
    main()
