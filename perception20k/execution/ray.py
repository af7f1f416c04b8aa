"""The same work on a Ray cluster: tasks for what needs a CPU, actors for what needs a GPU.

The results do not depend on it. Starting Ray takes 12 to 19 s and about 1 GB, so it pays off on several machines, which
must see the same files at the same paths. API calls stay in this process, which holds the budget and the key.

Ray places the work and starts workers. It cannot tell an item that crashes its worker from a machine that went away, so
work that was lost is tried again here: once as it was, then item by item, and what is lost alone is given up.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import ray

from perception20k.core.errors import UserError
from perception20k.execution.local import CRASHED, run_in_threads, work
from perception20k.execution.stage import Batch, Outcome, Results, Work

MAX_FAILED_STARTS = 3
"""Actors in a row that do not start, after which a run stops."""

_PATIENCE = 10.0  # seconds without an outcome, after which to ask whether there is still a machine to work on


class RayExecutor:
    """Ray's workers; see :class:`perception20k.execution.stage.Executor`. Use as a context manager.

    Args:
        workers: CPUs of a Ray instance started here; on a running cluster (RAY_ADDRESS) all are used.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __enter__(self) -> RayExecutor:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports home unless told not to
        address = os.environ.get("RAY_ADDRESS")
        alone: dict[str, Any] = {"address": "local", "num_cpus": self._workers, "include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level="error", **({} if address else alone))
        except Exception as error:  # Ray raises many kinds, plain exceptions among them
            said = (str(error).splitlines() or [type(error).__name__])[0]
            hint = "Is it running? See the address that 'ray start --head' printed" if address else ""
            raise UserError(f"--executor ray: no Ray{f' at {address}' if address else ''}: {said}", hint) from None
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

    def run(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`perception20k.execution.stage.Executor`."""
        if stage.place == "threads":
            return (yield from run_in_threads(stage, batches))
        first = next(batches, None)
        if first is None:
            return  # no model is loaded for nothing
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if stage.place == "gpu" else 0
        workers = _Workers(pickle.dumps(stage), int(resources.get("CPU", 1)), gpus)
        yield from _run(workers, chain([first], batches))


@dataclass
class _Part:
    """Items that go to a worker together: a batch or, after it was lost twice, one item of it."""

    batch: Batch
    places: range
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    """By place; shared by the parts of one batch."""
    lost: int = 0

    @property
    def items(self) -> Batch:
        return [self.batch[place] for place in self.places]

    def again(self) -> list[_Part]:
        """What is to be tried after this was lost with its worker."""
        self.lost += 1
        if self.lost == 1:
            return [self]
        if len(self.places) > 1:
            return [_Part(self.batch, range(place, place + 1), self.outcomes, lost=1) for place in self.places]
        self.outcomes[self.places[0]] = Outcome(error=CRASHED, cacheable=False)
        return []


def _run(workers: _Workers, batches: Iterator[Batch]) -> Results:
    in_flight: dict[Any, _Part] = {}
    again: list[_Part] = []
    more = True
    try:
        while more or again or in_flight:
            while workers.free and (more or again):
                if not again:
                    batch = next(batches, None)
                    if batch is None:
                        more = False
                        break
                    again.append(_Part(batch, range(len(batch))))
                part = again.pop()
                in_flight[workers.submit(part.items)] = part
            if not in_flight and not again and not more:
                return
            for reference in workers.wait():
                part = in_flight.pop(reference)
                try:
                    part.outcomes.update(zip(part.places, ray.get(reference), strict=True))
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from None  # a failure of the machine, or one the user can fix
                except ray.exceptions.RayError:  # crashed, out of memory, or lost with its machine
                    workers.lose(reference)
                    again += part.again()
                else:
                    workers.release(reference)
                if len(part.outcomes) == len(part.batch):
                    yield part.batch, [part.outcomes[place] for place in range(len(part.batch))]
    finally:
        workers.close()


class _Workers:
    """Tasks of one CPU each, or one actor a GPU with its own copy of the model, each with one batch at a time."""

    def __init__(self, packed: bytes, cpus: int, gpus: int) -> None:
        self._arguments = (str(Path.cwd()), packed)
        self._need = "GPU" if gpus else "CPU"
        self._actor = ray.remote(num_gpus=1)(_Model)
        self.free: list[Any] = [] if gpus else [ray.remote(num_cpus=1, max_retries=0)(_work)] * (3 * cpus)
        self._busy: dict[Any, Any] = {}
        self._starting: dict[Any, Any] = {}  # an actor gets work once it is there: not all find a GPU
        self._failed_starts = 0
        for _ in range(gpus):
            self._start()

    def _start(self) -> None:
        actor = self._actor.remote()
        self._starting[actor.__ray_ready__.remote()] = actor

    def submit(self, items: Batch) -> Any:
        """A reference to the outcomes of items; call it only while one is ``free``."""
        worker = self.free.pop()
        reference = (worker if self._need == "CPU" else worker.work).remote(*self._arguments, items)
        self._busy[reference] = worker
        return reference

    def wait(self) -> list[Any]:
        """References that are done, by an outcome or a loss; perhaps none, if an actor is ready first."""
        waited_for = [*self._busy, *self._starting]
        done, _ = ray.wait(waited_for, num_returns=1, timeout=_PATIENCE)
        if not done and not ray.cluster_resources().get(self._need):
            raise UserError(
                f"--executor ray: the cluster has no {self._need} left", "Run the same command again once it has"
            )
        for reference in done:
            if reference in self._starting:
                self._ready(reference)
        return [reference for reference in done if reference in self._busy]

    def _ready(self, reference: Any) -> None:
        actor = self._starting.pop(reference)
        try:
            ray.get(reference)
        except ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                first = isinstance(error, ray.exceptions.OutOfMemoryError)  # then Ray's advice follows
                said = str(error).strip().splitlines()[0 if first else -1]
                raise UserError(f"--executor ray: workers do not start: {said}") from None
            self._start()
        else:
            self._failed_starts = 0
            self.free.append(actor)

    def release(self, reference: Any) -> None:
        """The worker can take the next items."""
        self.free.append(self._busy.pop(reference))

    def lose(self, reference: Any) -> None:
        """The worker is gone: Ray starts another for a task, an actor is replaced, which loads its model again."""
        worker = self._busy.pop(reference)
        if self._need == "CPU":
            self.free.append(worker)
        else:
            ray.kill(worker)
            self._start()

    def close(self) -> None:
        """Free the GPUs: the next model needs them."""
        if self._need == "GPU":
            for actor in [*self.free, *self._busy.values(), *self._starting.values()]:
                ray.kill(actor)


class _Model:
    """An actor's body; the stage it set up stays in :mod:`perception20k.execution.local`."""

    def work(self, folder: str, packed: bytes, batch: Batch) -> list[Outcome]:
        """The batch's outcomes."""
        return _work(folder, packed, batch)


def _work(folder: str, packed: bytes, batch: Batch) -> list[Outcome]:
    """The batch's outcomes, worked out in the folder where the build was started: its paths may be relative."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise UserError(
            f"--executor ray: {socket.gethostname()} does not see {folder}: {error.strerror}",
            "All machines must see the same files at the same paths",
        ) from None
    cv2.setNumThreads(1)
    return work(packed, batch)
