"""Where a stage's work is done: in this process, in its threads, or in worker processes on this machine.

Workers are spawned, not forked, because forking a process with threads (models start some) can deadlock. Workers get
items and return outcomes; pixels stay on disk. When a worker crashes, the items it may have crashed on are tried again
one by one, and only the culprit fails.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import cv2

from perception20k.core.extras import gpu_count
from perception20k.execution.stage import Batch, Outcome, Results, Work

CRASHED = "the worker crashed on this item: a decoder or a model failed, or memory ran out"


class LocalExecutor:
    """Processes and threads on this machine. Use as a context manager."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._workers: _Pool | None = None

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        if self._workers is not None:
            self._workers.close()

    def run(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`perception20k.execution.stage.Executor`."""
        if stage.place == "threads":
            return run_in_threads(stage, batches)
        if stage.place == "gpu" and gpu_count():
            return self._run_on_gpus(stage, batches)
        if self.workers == 1 and stage.place != "isolated":
            return _run_here(stage, batches)
        if self._workers is None:
            self._workers = _Pool(self.workers)
        return self._workers.run(stage, batches)

    def _run_on_gpus(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        pool = _Pool(gpu_count(), on_gpus=True)
        try:
            yield from pool.run(stage, batches)
        finally:
            pool.close()  # the next model needs the memory


def _run_here(stage: Work[Any], batches: Iterator[Batch]) -> Results:
    ready = False
    for batch in batches:
        if not ready:  # only once there is work: setup may load a model
            cv2.setNumThreads(1)
            stage.setup()
            ready = True
        yield batch, stage.process(batch)


def run_in_threads(stage: Work[Any], batches: Iterator[Batch]) -> Results:
    """Work in ``stage.at_once`` threads of this process.

    After an error or Ctrl-C, here or thrown in by the caller, no new batch is started, waits are ended, and batches in
    flight are still returned: their answers are paid for.
    """
    in_flight: dict[Future[list[Outcome]], Batch] = {}
    stop: BaseException | None = None
    ready = False
    with ThreadPoolExecutor(stage.at_once) as pool:
        while True:
            try:
                while stop is None and len(in_flight) < stage.at_once and (batch := next(batches, None)) is not None:
                    if not ready:  # only once there is work: setup may ask for a key
                        stage.setup()
                        ready = True
                    in_flight[pool.submit(stage.process, batch)] = batch
                if not in_flight:
                    break
                done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as interrupt:
                if stop is not None:
                    raise
                stop = interrupt
                stage.stop()
                continue
            for future in done:
                batch, error = in_flight.pop(future), future.exception()
                if error is not None:
                    stop = stop or error
                    stage.stop()
                    continue
                try:
                    yield batch, future.result()
                except KeyboardInterrupt as interrupt:
                    stop = stop or interrupt
                    stage.stop()
    if stop is not None:
        raise stop


class _Pool:
    """Worker processes, restarted when one of them crashes."""

    def __init__(self, size: int, *, on_gpus: bool = False) -> None:
        self._size, self._on_gpus = size, on_gpus
        self._processes = self._start(size)
        self._lone: ProcessPoolExecutor | None = None

    def close(self) -> None:
        """Stop the processes after their current batches."""
        for processes in (self._processes, self._lone):
            if processes is not None:
                processes.shutdown(wait=True, cancel_futures=True)

    def run(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`perception20k.execution.stage.Executor`."""
        packed: bytes | None = None
        in_flight: dict[Future[list[Outcome]], Batch] = {}
        more = True
        while more or in_flight:
            suspects: list[Batch] = []
            while more and not suspects and len(in_flight) < 3 * self._size:
                batch = next(batches, None)
                if batch is None:
                    more = False
                    continue
                packed = packed or pickle.dumps(stage)
                try:
                    with _interrupts_held():  # the first batches start the workers
                        in_flight[self._processes.submit(work, packed, batch)] = batch
                except BrokenProcessPool:
                    suspects.append(batch)
            for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                batch = in_flight.pop(future)
                try:
                    outcomes = future.result()
                except BrokenProcessPool:
                    suspects.append(batch)
                else:
                    yield batch, outcomes
            if suspects:
                suspects += in_flight.values()
                in_flight.clear()
                self._processes.shutdown(wait=True)
                self._processes = self._start(self._size)
            for batch in suspects:
                assert packed is not None
                yield batch, self._one_by_one(packed, batch)

    def _one_by_one(self, packed: bytes, batch: Batch) -> list[Outcome]:
        """The outcomes of a batch that was in flight when a worker crashed, each item in a process of its own."""
        outcomes: list[Outcome] = []
        for item in batch:
            if self._lone is None:
                self._lone = self._start(1)
            try:
                with _interrupts_held():
                    future = self._lone.submit(work, packed, [item])
                outcomes += future.result()
            except BrokenProcessPool:
                self._lone.shutdown(wait=True)
                self._lone = None
                outcomes.append(Outcome(error=CRASHED, cacheable=False))
        return outcomes

    def _start(self, size: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        numbers = context.Queue()
        for number in range(size):
            numbers.put(number)
        return ProcessPoolExecutor(size, context, _start_worker, (numbers.get if self._on_gpus else None,))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while the block runs: a process started in it never gets one, even before it runs our code."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_stage: tuple[bytes, Work[Any]] | None = None  # in a worker: the stage it set up last


def _start_worker(gpu: Callable[[], int] | None) -> None:
    if gpu is not None:  # before the worker imports torch
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        own = visible.split(",") if visible else [str(number) for number in range(gpu_count())]
        os.environ["CUDA_VISIBLE_DEVICES"] = own[gpu()]
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow(sentinel: int = parent.sentinel) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)  # the parent was killed

    threading.Thread(target=follow, daemon=True).start()


def work(packed: bytes, batch: Batch) -> list[Outcome]:
    """A batch's outcomes; the first batch sets the stage up. Runs in a worker process or a Ray worker."""
    global _stage
    if _stage is None or _stage[0] != packed:
        _stage = None  # free the previous stage's models first
        stage = pickle.loads(packed)
        stage.setup()
        _stage = packed, stage
    return _stage[1].process(batch)
