"""A build depends on table and recipe alone: not on locale, clock, hash seed or hostile names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from printml.blas import KERNEL, VARIABLE, pin_kernel

ROOT = Path(__file__).resolve().parent.parent
NAMES = [
    "a; endmodule",
    "$(touch leaked)",
    "../../up",
    "<script>alert(1)</script>",
    "İ\u202eb",
    "a",
]
SAME = ("model.json", "netlist/table_tree.v", "rtl/table_tree.v", "rtl/table_tree_structure.v",
        "activity.saif", "recipe.toml")  # fmt: skip


def build(folder: Path, **environment: str) -> Path:
    """A tree of a table with names that no tool should take at their word."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    header = ",".join(f'"{name}"' for name in [*NAMES, "class\x1b[2J"])
    rows = rng.normal(size=(120, len(NAMES)))
    labels = np.where(
        rows[:, 1] > 0.3, "`up`", np.where(rows[:, 5] > 0, "'; rm -rf x", "<i>low</i>")
    )
    lines = [
        ",".join([*map("{:.3f}".format, row), label])
        for row, label in zip(rows, labels, strict=True)
    ]
    (folder / "table.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    inside = folder / "deep" / "er"
    inside.mkdir(parents=True)
    before = sorted(p for p in folder.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "printml", "build", str(folder / "table.csv"), "--model", "tree",
         "--max-depth", "3", "--effort", "fast", "--out", "run"],
        cwd=inside, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, capture_output=True,
        text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    made = {p for p in folder.rglob("*") if p not in before}
    assert not [p for p in made if not p.is_relative_to(inside / "run")]
    return inside / "run"


@pytest.mark.tools
def test_the_same_build_in_another_country_and_time(tmp_path: Path) -> None:
    here = build(tmp_path / "a", LC_ALL="C.UTF-8", TZ="UTC", PYTHONHASHSEED="0")
    there = build(tmp_path / "b", LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8", TZ="Asia/Kathmandu",
                  PYTHONHASHSEED="77", COLUMNS="20")  # fmt: skip
    for name in SAME:
        one, other = ((run / name).read_text() for run in (here, there))
        assert one == other.replace("/b/", "/a/"), name
    stages = [json.loads((run / "metrics.json").read_text())["stages"] for run in (here, there)]
    for stage in stages:
        assert stage[0]["equivalence"]["headline"] == "proved"
        for verdict in stage[0]["equivalence"]["verdicts"]:
            del verdict["seconds"]
    assert stages[0] == stages[1]
    page = (here / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "<i>low" not in page
    assert "&lt;i&gt;low" in page


FLAGS = "flags\t\t: fpu sse4_2 fma avx avx2"


@pytest.mark.parametrize(
    ("cpuinfo", "machine", "asked"),
    [
        (FLAGS, "x86_64", KERNEL),
        ("flags\t\t: fpu sse4_2 avx", "x86_64", None),  # wrong kernels end the process
        (FLAGS, "aarch64", None),
        (None, "x86_64", None),
    ],
)
def test_kernels_are_asked_for_only_where_the_processor_has_them(
    cpuinfo: str | None, machine: str, asked: str | None,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("printml.blas.platform.machine", lambda: machine)
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setattr(os, "environ", {})
    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(f"processor : 0\n{cpuinfo}\n", encoding="utf-8")
    pin_kernel(file)
    assert os.environ.get(VARIABLE) == asked


def test_the_kernels_in_use_are_those_asked_for_before_numpy_is_there() -> None:
    clean = {name: value for name, value in os.environ.items() if name != VARIABLE}
    tell = "import printml.blas as b; print(b.kernel_in_use())"

    def kernel(code: str, **said: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env=clean | {"PYTHONPATH": str(ROOT)} | said,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()[-1]

    own = kernel(f"import numpy; {tell}")
    has_avx2 = "avx2" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    assert kernel(tell) == (KERNEL if has_avx2 else own)
    # Older ones, which every such processor has, where a person asks for them.
    assert kernel(tell, **{VARIABLE: "Nehalem"}) == ("Nehalem" if has_avx2 else own)
