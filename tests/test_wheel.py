"""What is released runs without the repository: sdist, wheel from it, a stranger's table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "runs", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)


def run(*command: str, cwd: Path, **environment: str) -> str:
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)
    make = "from setuptools import build_meta; build_meta.build_sdist('../sdist')"
    (folder / "sdist").mkdir()
    run(sys.executable, "-c", make, cwd=folder / "source")
    (sdist,) = (folder / "sdist").glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", str(sdist), "--no-deps", "--no-build-isolation", "-w", "wheel", cwd=folder)
    (wheel,) = (folder / "wheel").glob("*.whl")
    assert wheel.stat().st_size < 5_000_000
    run(*pip, "install", "--no-deps", "--target", "site", str(wheel), cwd=folder)
    return folder / "site"


def test_the_wheel_holds_every_module_library_and_data_set(installed: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone: what belongs to the project is not known")
    tracked = run("git", "ls-files", "-z", "printml", "cell_libs", "datasets", cwd=ROOT).split("\0")
    expected = set()
    for name in filter(None, tracked):
        top, _, rest = name.partition("/")
        if (ROOT / name).is_file():
            expected.add(name if top == "printml" else f"printml/_{top}/{rest}")
    (wheel,) = (installed.parent / "wheel").glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("printml/")}
    # What is not tracked yet may be in it too.
    assert expected <= inside, sorted(expected - inside)
    assert not {name for name in inside - expected if not name.endswith(".py")}


@pytest.mark.tools
def test_three_commands_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["temperature,humidity,state"]
    for _ in range(200):
        t, h = rng.normal(20, 5), rng.uniform(20, 90)
        lines.append(f"{t:.1f},{h:.0f},{'dry' if t - h / 10 > 15 else 'mould'}")
    (tmp_path / "my.csv").write_text("\n".join(lines) + "\n")

    def printml(*arguments: str) -> str:
        return run(
            sys.executable, "-m", "printml", *arguments, cwd=tmp_path,
            PYTHONPATH=str(installed), XDG_CACHE_HOME=str(tmp_path / "cache"),
        )  # fmt: skip

    where = "import printml; print(printml.__file__)"
    file = run(sys.executable, "-c", where, cwd=tmp_path, PYTHONPATH=str(installed))
    assert Path(file.strip()).is_relative_to(installed)
    assert "temperature" in printml("data", "show", "my.csv")
    printml("build", "my.csv", "--model", "tree", "--effort", "fast")
    record = json.loads((tmp_path / "runs" / "my" / "tree" / "metrics.json").read_text())
    assert record["stages"][0]["equivalence"]["headline"] == "proved"
    assert record["stages"][0]["accuracy_test"] > 0.8
    assert "tree" in printml("report", "runs/my/tree", "--markdown")
    assert "210" in printml("data", "show", "seeds")
    assert "0.6" in printml("lib", "list")
