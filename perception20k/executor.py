"""Where a stage's work is done: in this process, or in worker processes on this machine.

Workers are spawned, not forked: models bring threads, and forked threads deadlock. Pixels stay on disk; what
crosses to a worker is an item, what comes back is an outcome.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import cv2

if TYPE_CHECKING:
    from perception20k.stages.base import Outcome, Stage

Batch = list[Any]


class Executor(Protocol):
    """Runs batches of a stage somewhere and gives each back with its outcomes, in any order."""

    def run(self, stage: Stage[Any], batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Outcome]]]:
        """Work through ``batches``; only a few are in flight at a time, so memory does not grow with them."""
        ...


class LocalExecutor:
    """Worker processes on this machine; with one worker, this process itself. Use as a context manager."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, stage: Stage[Any], batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Outcome]]]:
        """See :class:`Executor`."""
        return self._run_here(stage, batches) if self.workers == 1 else self._run_pool(stage, batches)

    def _run_here(self, stage: Stage[Any], batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Outcome]]]:
        ready = False
        for batch in batches:
            if not ready:  # not before there is work: setup may load a model
                cv2.setNumThreads(1)
                stage.setup()
                ready = True
            yield batch, stage.process(batch)

    def _run_pool(self, stage: Stage[Any], batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Outcome]]]:
        first = next(batches, None)
        if first is None:
            return
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, context, initializer=_start_worker)
        packed = pickle.dumps(stage)
        flying: dict[Future[list[Outcome]], Batch] = {self._pool.submit(_work, packed, first): first}
        for batch in batches:
            flying[self._pool.submit(_work, packed, batch)] = batch
            if len(flying) >= 3 * self.workers:
                yield from _landed(flying)
        while flying:
            yield from _landed(flying)


def _landed(flying: dict[Future[list[Outcome]], Batch]) -> Iterator[tuple[Batch, list[Outcome]]]:
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in done:
        yield flying.pop(future), future.result()


_stage: tuple[bytes, Stage[Any]] | None = None  # a worker's own: the stage it has set up last


def _start_worker() -> None:
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow(sentinel: int = parent.sentinel) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)  # the parent was killed: nobody will read what this worker makes

    threading.Thread(target=follow, daemon=True).start()


def _work(packed: bytes, batch: Batch) -> list[Outcome]:
    global _stage
    if _stage is None or _stage[0] != packed:
        stage = pickle.loads(packed)
        stage.setup()
        _stage = packed, stage
    return _stage[1].process(batch)
