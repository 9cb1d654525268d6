"""Where evaluations run: here, on the cores of this machine, or on a Dask cluster."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from joblib import Parallel, delayed

from printml.errors import InputError, ToolError

Task = TypeVar("Task")
Result = TypeVar("Result")

RETRIES = 5
"""How often a task is given to another worker when one dies."""


class Workers(Protocol):
    """Runs a function on many tasks; results in the order of the tasks, whoever was faster."""

    @property
    def n_workers(self) -> int:
        """How many tasks run at once."""
        ...

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Yield the result of each task as soon as those before it are there."""
        ...


class Cores:
    """Processes of this machine."""

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    @property
    def n_workers(self) -> int:
        """As `Workers.n_workers`."""
        return self.n_jobs

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """As `Workers.map`."""
        if self.n_jobs == 1 or len(tasks) < 2:
            yield from (work(task) for task in tasks)
            return
        yield from Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(work)(task) for task in tasks
        )


class Cluster:
    """Workers of a Dask scheduler; all must see the same store."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @property
    def n_workers(self) -> int:
        """As `Workers.n_workers`."""
        return max(sum(self.client.nthreads().values()), 1)

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """As `Workers.map`; a task whose worker died is given to another."""
        # Not pure: what a task gives lies in the store, which Dask knows nothing of.
        futures = self.client.map(work, tasks, pure=False, retries=RETRIES)
        for future in futures:
            yield future.result()


@contextlib.contextmanager
def workers(*, n_jobs: int, scheduler: str) -> Iterator[Workers]:
    """Cores of this machine, or with a scheduler's address its cluster.

    Raises
    ------
    InputError
        If Dask is not installed.
    ToolError
        If the scheduler does not answer.
    """
    if not scheduler:
        with warnings.catch_warnings():
            # Joblib renews a worker that has grown; its task is done all the same.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
            yield Cores(n_jobs)
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask", hint="Install printml with the extra `printml[cluster]`"
        ) from error
    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ToolError(
            f"the scheduler does not answer: {error}",
            where=scheduler,
            hint="Start `dask scheduler` and `dask worker ADDRESS`, and give that address",
        ) from error
    with client:
        yield Cluster(client)
