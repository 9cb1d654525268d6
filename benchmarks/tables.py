"""The tables that `printml reproduce` left in runs/reproduce on one page, for docs/results.md.

python -m benchmarks.tables [--folder runs/reproduce]

docs/results.md also tells of earlier runs and what they mean, so the page is written beside the
tables (FOLDER/tables.md), to be taken over by hand.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from printml.files import read_text, write_text_atomic

ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "survey-mlp-svm": "SVM and MLP",
    "survey-trees": "Trees",
    "frontier": "Every published point, and ours at its accuracy",
}
INTRODUCTION = """# The published tables again

On splits that tuned nothing; test rows choose nothing and are read once, by the finished circuits.
Seconds are of one core, with another build beside it.
"""


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / "runs" / "reproduce",
    help="Where the folders of `printml reproduce` are.",
)  # fmt: skip
def main(folder: Path) -> None:
    """Put the tables that are there under each other, with the commit that is checked out."""
    shown = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    commit = shown.stdout.strip() or "unknown"
    parts = [INTRODUCTION]
    for name, title in PARTS.items():
        table = folder / name / "table.md"
        if table.exists():
            parts.append(f"## {title}\n\nCommit {commit}.\n\n{read_text(table, what='table')}")
    write_text_atomic(folder / "tables.md", "\n".join(parts))
    click.echo(folder / "tables.md")


if __name__ == "__main__":
    main()
