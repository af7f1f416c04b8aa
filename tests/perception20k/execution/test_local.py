"""The executor of this machine: order, failures, processes, threads, GPUs."""

import os
import threading
from collections.abc import Iterable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from perception20k.core.errors import UserError
from perception20k.execution.journal import Journal
from perception20k.execution.local import CRASHED, LocalExecutor
from perception20k.execution.run import run_stage
from perception20k.execution.stage import NullExecutor
from tests.perception20k.execution.square import Square, Waiting
from tests.waiting import DEADLINE, until


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (1, 4), (2, 1), (2, 3)])
def test_outcomes_come_in_the_items_order(tmp_path: Path, journal: Journal, workers: int, batch: int) -> None:
    stage = Square(tmp_path / "notes", batch)
    with LocalExecutor(workers) as executor:
        results, tally = run_stage(stage, list(range(12)), journal, executor)
    assert [item for item, _ in results] == list(range(12))
    outcomes = [outcome for _, outcome in results]
    assert [o.value for o in outcomes] == [n * n if n not in (3, 4) else None for n in range(12)]
    assert outcomes[3].error == "three is refused"
    assert outcomes[4].error == "ValueError: four is not thought of"
    assert (tally.total, tally.cached, tally.done, tally.failed, tally.due) == (12, 0, 12, 2, 0)


@pytest.mark.slow
def test_two_workers_are_two_processes(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    with LocalExecutor(2) as executor:
        run_stage(stage, list(range(5, 90)), journal, executor)
    pids = {line.split()[1] for line in stage.notes.read_text().splitlines()}
    assert os.getpid() not in map(int, pids)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("item", "error"), [(99, UserError), (98, OSError)])
def test_a_failure_of_the_machine_stops_the_run(
    tmp_path: Path, journal: Journal, workers: int, item: int, error: type[Exception]
) -> None:
    with LocalExecutor(workers) as executor, pytest.raises(error):
        run_stage(Square(tmp_path / "notes"), [1, item], journal, executor)


@pytest.mark.slow
def test_a_worker_that_dies_takes_only_the_culprit_with_it(tmp_path: Path, journal: Journal) -> None:
    items = [*range(20, 40), 97, *range(40, 60)]
    stage = Square(tmp_path / "notes", 3)
    with LocalExecutor(2) as executor:
        results, tally = run_stage(stage, items, journal, executor)
        outcomes = dict(results)
        assert outcomes.pop(97).error == CRASHED
        assert {item: o.value for item, o in outcomes.items()} == {n: n * n for n in items if n != 97}
        assert tally.failed == 1
        # it may have been the machine: the next run tries again, and the pool still works
        _, again = run_stage(stage, [97, 60], journal, executor)
    assert (again.cached, again.failed) == (0, 1)


@pytest.mark.slow
def test_what_may_crash_a_decoder_is_done_apart_even_by_one_worker(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    stage.place = "isolated"
    with LocalExecutor(1) as executor:
        results, _ = run_stage(stage, [5, 97, 6], journal, executor)
    assert [(o.value, o.error) for _, o in results] == [(25, None), (None, CRASHED), (36, None)]


class Calls(Square):
    """Waits in three threads until all three are at work."""

    place = "threads"
    at_once = 3

    def setup(self) -> None:
        self.barrier = threading.Barrier(3, timeout=DEADLINE)

    def process_one(self, item: int) -> int:
        self.barrier.wait()
        return super().process_one(item)


def test_what_waits_for_the_network_is_done_in_threads_of_this_process(tmp_path: Path, journal: Journal) -> None:
    stage = Calls(tmp_path / "notes")
    with LocalExecutor(2) as executor:
        run_stage(stage, list(range(5, 14)), journal, executor)
    assert {line.split()[1] for line in stage.notes.read_text().splitlines()} == {str(os.getpid())}


def test_what_is_under_way_when_the_stage_is_stopped_is_still_kept(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Waiting(tmp_path / "notes")

    def noticing(futures: Any, **how: Any) -> Any:
        found = wait(futures, **how)
        if any(future.exception() for future in found.done):
            stage.happened.set()
        return found

    monkeypatch.setattr("perception20k.execution.local.wait", noticing)
    with LocalExecutor(2) as executor:
        with pytest.raises(UserError, match="the model is missing"):
            run_stage(stage, [5, 99, 6, 7], journal, executor)
        _, tally = run_stage(stage, [5, 6], journal, NullExecutor())
    assert (tally.cached, tally.due) == (1, 1)


class Interrupted(Journal):
    """Ctrl-C comes while the first result is written down."""

    def __init__(self, path: Path, pressed: threading.Event) -> None:
        super().__init__(path)
        self.pressed = pressed

    def put(self, stage: str, results: Iterable[tuple[str, Any]]) -> None:
        if not self.pressed.is_set():
            self.pressed.set()
            raise KeyboardInterrupt
        super().put(stage, results)


def test_an_answer_under_way_at_ctrl_c_is_still_kept(tmp_path: Path) -> None:
    stage = Waiting(tmp_path / "notes")
    journal = Interrupted(tmp_path / "journal.sqlite", stage.happened)
    with LocalExecutor(2) as executor:
        with pytest.raises(KeyboardInterrupt):
            run_stage(stage, [6, 5, 7, 8], journal, executor)
        _, tally = run_stage(stage, [6, 5], journal, NullExecutor())
    assert (tally.cached, tally.due) == (2, 0)


class Patient(Waiting):
    """Waits with 5 until the run stops."""

    def stop(self) -> None:
        self.happened.set()


def test_ctrl_c_and_errors_end_what_only_waits(tmp_path: Path) -> None:
    stage = Patient(tmp_path / "notes")
    journal = Interrupted(tmp_path / "journal.sqlite", threading.Event())
    with LocalExecutor(2) as executor:
        with pytest.raises(KeyboardInterrupt):
            run_stage(stage, [6, 5, 7, 8], journal, executor)
        stage.happened.clear()
        with pytest.raises(UserError, match="the model is missing"):
            run_stage(stage, [15, 5, 99], Journal(None), executor)


class Model(Square):
    """Notes which GPU it is given; its first item waits for the other process to have one too."""

    place = "gpu"

    def process_one(self, item: int) -> str:
        own = os.environ["CUDA_VISIBLE_DEVICES"]
        folder = self.notes.parent
        (folder / f"gpu-{own}").touch()
        until(lambda: len(list(folder.glob("gpu-*"))) == 2)
        return own


@pytest.mark.slow
def test_models_get_a_process_and_a_gpu_each(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with LocalExecutor(1) as executor:
        results, _ = run_stage(Model(tmp_path / "notes"), list(range(20, 32)), journal, executor)
    assert {outcome.value for _, outcome in results} == {"3", "5"}
