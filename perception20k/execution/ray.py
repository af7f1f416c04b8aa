"""The same work on a Ray cluster: tasks for what needs a CPU, actors for what needs a GPU.

The results do not depend on it. Starting Ray takes 12 to 19 s and about 1 GB, so it pays off on several machines, which
must see the same files at the same paths. API calls stay in this process, which holds the budget and the key.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from perception20k.core.extras import require
from perception20k.execution.local import CRASHED, run_in_threads, work
from perception20k.execution.stage import Batch, Outcome, Results, Stage


class RayExecutor:
    """Ray's workers; see :class:`perception20k.execution.stage.Executor`. Use as a context manager.

    Args:
        workers: CPUs of a Ray instance started here; on a running cluster (RAY_ADDRESS) all are used.
    """

    def __init__(self, workers: int) -> None:
        require("--executor ray", "ray", "ray")
        self._workers = workers

    def __enter__(self) -> RayExecutor:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports home unless told not to
        import ray

        if os.environ.get("RAY_ADDRESS"):
            ray.init(log_to_driver=False)
        elif not ray.is_initialized():
            ray.init(address="local", num_cpus=self._workers, include_dashboard=False, log_to_driver=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        ray.shutdown()

    def run(self, stage: Stage[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`perception20k.execution.stage.Executor`."""
        import ray

        if stage.place == "threads":
            return run_in_threads(stage, batches)
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if stage.place == "gpu" else 0
        return self._run(pickle.dumps(stage), batches, gpus, int(resources.get("CPU", 1)))

    def _run(self, packed: bytes, batches: Iterator[Batch], gpus: int, cpus: int) -> Results:
        import ray

        stage = ray.put(packed)
        pool = _Actors(stage, gpus) if gpus else _Tasks(stage)
        max_in_flight = 2 * gpus if gpus else 3 * cpus
        in_flight: dict[Any, Batch] = {}
        more = True
        while more or in_flight:
            while more and len(in_flight) < max_in_flight:
                batch = next(batches, None)
                if batch is None:
                    more = False
                else:
                    in_flight[pool.submit(batch)] = batch
            if not in_flight:
                break
            [finished], _ = ray.wait(list(in_flight), num_returns=1)
            batch = in_flight.pop(finished)
            try:
                yield batch, ray.get(finished)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None  # a failure of the machine, or one the user can fix
            except (ray.exceptions.WorkerCrashedError, ray.exceptions.RayActorError):
                pool.restart()
                yield batch, [_alone(pool, item) for item in batch]


def _alone(pool: _Tasks | _Actors, item: Any) -> Outcome:
    """The outcome of one item of a batch that crashed a worker."""
    import ray

    try:
        [outcome] = ray.get(pool.submit([item]))
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.RayActorError):
        pool.restart()
        return Outcome(error=CRASHED, cacheable=False)
    assert isinstance(outcome, Outcome)
    return outcome


class _Tasks:
    """Tasks of one CPU each."""

    def __init__(self, stage: Any) -> None:
        import ray

        self._stage, self._task = stage, ray.remote(num_cpus=1, max_retries=0)(_work_on_one_thread)

    def submit(self, batch: Batch) -> Any:
        """A reference to the batch's outcomes."""
        return self._task.remote(self._stage, batch)

    def restart(self) -> None:
        """Nothing to do: Ray replaces a crashed worker."""


class _Actors:
    """One actor a GPU, each with its own copy of the model, taking batches in turn."""

    def __init__(self, stage: Any, count: int) -> None:
        import ray

        self._stage, self._kind = stage, ray.remote(num_gpus=1)(_Model)
        self._actors = [self._kind.remote() for _ in range(count)]
        self._turn = 0

    def submit(self, batch: Batch) -> Any:
        """A reference to the batch's outcomes."""
        self._turn = (self._turn + 1) % len(self._actors)
        return self._actors[self._turn].work.remote(self._stage, batch)

    def restart(self) -> None:
        """Restart all actors: Ray does not say which one crashed."""
        import ray

        for actor in self._actors:
            ray.kill(actor)
        self._actors = [self._kind.remote() for _ in self._actors]


class _Model:
    """An actor's body; the stage it set up stays in :mod:`perception20k.execution.local`."""

    def work(self, packed: bytes, batch: Batch) -> list[Outcome]:
        """The batch's outcomes."""
        return work(packed, batch)


def _work_on_one_thread(packed: bytes, batch: Batch) -> list[Outcome]:
    import cv2

    cv2.setNumThreads(1)
    return work(packed, batch)
