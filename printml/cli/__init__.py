"""The `printml` command: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys

import click

from printml import __version__
from printml.cli.approximate import approximate_command
from printml.cli.build import build_command, flow_command, train_command
from printml.cli.doctor import doctor_command
from printml.cli.evaluate import evaluate_command, resynth_command
from printml.cli.explore import clean_command, explore_command
from printml.cli.reproduce import reproduce_command
from printml.cli.show import data_group, lib_group
from printml.cli.steps import (
    compare_command,
    report_command,
    simulate_command,
    synth_command,
    verify_command,
)
from printml.cli.trust import faults_command, guarantee_command
from printml.errors import PrintmlError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="printml")
def printml() -> None:
    """From a table of sensor readings to a verified printed circuit.

    \b
    printml build redwine --model svm-c      a built-in data set
    printml build my.csv --target grade --model tree
    printml build cardio --model svm-c --approx full   and then as small as 1 point allows
    printml flow flows/redwine.toml -j 2     all circuits of a flow file
    printml doctor                           what is installed, and what is missing

    Exit codes: 0 ok, 1 a bug, 2 usage or bad input, 3 a tool is missing or failed, 4 a check
    failed.
    """


for command in (
    build_command,
    train_command,
    flow_command,
    synth_command,
    simulate_command,
    verify_command,
    approximate_command,
    explore_command,
    reproduce_command,
    report_command,
    compare_command,
    guarantee_command,
    faults_command,
    evaluate_command,
    resynth_command,
    clean_command,
    data_group,
    lib_group,
    doctor_command,
):
    printml.add_command(command)


def main() -> None:
    """Entry point: turns the errors printml raises on purpose into one paragraph and a code."""
    try:
        code = printml.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("printml: interrupted; nothing half-written was left behind", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except PrintmlError as error:
        click.echo(f"printml: {error}", err=True)
        code = error.exit_code
    except KeyboardInterrupt:
        click.echo("printml: interrupted; nothing half-written was left behind", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
