"""Ray's workers on two machines played by this one: what fails in them, a machine that goes away, and what stays in
this process. The cluster starts once, slowly."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perception20k.core.errors import UserError
from perception20k.execution.journal import Journal
from perception20k.execution.local import CRASHED
from perception20k.execution.run import run_stage
from perception20k.execution.stage import Outcome
from tests.perception20k.execution.square import Square, Waiting
from tests.waiting import DEADLINE, until

if TYPE_CHECKING:
    from perception20k.execution.ray import RayExecutor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

MACHINE = {"num_cpus": 2, "num_gpus": 1, "object_store_memory": 80_000_000}
"""What it has, or says it has."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)  # for the stages of these tests
        cluster = Cluster(initialize_head=True, head_node_args=MACHINE)
        cluster.add_node(**MACHINE)
        patch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def executor(cluster: Any) -> Iterator[RayExecutor]:
    from perception20k.execution.ray import RayExecutor

    with RayExecutor(2) as executor:
        yield executor


@pytest.fixture
def journal() -> Iterator[Journal]:
    journal = Journal(None)
    yield journal
    journal.close()


@pytest.mark.parametrize("place", ["worker", "gpu"])
def test_the_work_is_done_elsewhere_and_only_the_culprit_is_blamed(
    executor: RayExecutor, tmp_path: Path, journal: Journal, place: str
) -> None:
    stage = Square(tmp_path / "notes", 3)
    stage.place = place  # type: ignore[assignment]
    items = [1, 2, 3, 4, *range(20, 30), 97, *range(30, 35)]
    results, tally = run_stage(stage, items, journal, executor)
    outcomes = dict(results)
    assert [item for item, _ in results] == items
    assert outcomes.pop(97).error == CRASHED
    assert (outcomes.pop(3).error, outcomes.pop(4).error) == (
        "three is refused",
        "ValueError: four is not thought of",
    )
    assert {item: outcome.value for item, outcome in outcomes.items()} == {n: n * n for n in outcomes}
    assert tally.failed == 3
    pids = {line.split()[1] for line in stage.notes.read_text().splitlines()}
    assert str(os.getpid()) not in pids


class Model(Square):
    """Notes each time its model is loaded; dies the first time it sees 50."""

    place = "gpu"

    def setup(self) -> None:
        with self.notes.with_name("loads").open("a") as loads:
            loads.write("loaded\n")

    def process_one(self, item: int) -> int:
        if item == 50:
            try:
                self.notes.with_name("crashed").touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().process_one(item)


def test_a_crash_costs_one_load_of_the_model_and_the_batch_is_done_again_as_it_was(
    executor: RayExecutor, tmp_path: Path, journal: Journal
) -> None:
    stage = Model(tmp_path / "notes", 4)
    results, tally = run_stage(stage, list(range(40, 76)), journal, executor)
    assert tally.failed == 0 and [outcome.value for _, outcome in results] == [n * n for n in range(40, 76)]
    assert len((tmp_path / "loads").read_text().splitlines()) <= 2 + 1  # of two GPUs


LOW = "1 worker(s) were killed due to the node running low on memory.\nRefer to the documentation."
"""As Ray words it."""


@pytest.mark.parametrize("place", ["worker", "gpu"])
def test_what_memory_ran_out_on_is_tried_again_then_told_and_nothing_else_is_lost(
    executor: RayExecutor, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    import ray

    real = ray.get

    def get(reference: Any) -> Any:
        found = real(reference)
        if isinstance(found, list) and Outcome(49) in found:  # Ray's monitor kills its worker each time
            raise ray.exceptions.OutOfMemoryError(LOW)
        return found

    monkeypatch.setattr(ray, "get", get)
    stage = Square(tmp_path / "notes", 3)
    stage.place = place  # type: ignore[assignment]
    results, tally = run_stage(stage, list(range(5, 14)), journal, executor)
    assert [outcome.error or outcome.value for _, outcome in results] == [
        25,
        36,
        CRASHED,
        *(n * n for n in range(8, 14)),
    ]
    assert tally.failed == 1 and stage.worked_on().count(7) == 3  # with its batch, again, alone


def test_models_that_memory_runs_out_on_are_one_line(
    executor: RayExecutor, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    def get(_: Any) -> None:
        raise ray.exceptions.OutOfMemoryError(LOW)

    monkeypatch.setattr(ray, "get", get)
    with pytest.raises(UserError, match=r"workers do not start: .* low on memory\.$"):
        run_stage(Model(tmp_path / "notes"), [1], journal, executor)


class Held(Square):
    """Notes the machine it works on, and is not done before it is let go."""

    def process_one(self, item: int) -> int:
        import ray

        with self.notes.open("a") as notes:
            notes.write(f"{ray.get_runtime_context().get_node_id()}\n")
        end = time.monotonic() + DEADLINE
        while not self.notes.with_name("let go").exists() and time.monotonic() < end:
            time.sleep(0.02)
        return item * item


def test_a_relative_path_starts_where_the_build_was_started(
    executor: RayExecutor, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = Square(Path("notes"))
    run_stage(stage, [1, 2], journal, executor)
    assert sorted(stage.worked_on()) == [1, 2]


def test_a_machine_that_does_not_see_the_folder_is_named(
    executor: RayExecutor, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rename(tmp_path / "moved")
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "gone")
    with pytest.raises(UserError, match=r"does not see .*gone: No such file.*the same files at the same paths"):
        run_stage(Square(tmp_path / "notes"), [1], journal, executor)


def test_a_failure_that_the_user_can_mend_stops_the_run(
    executor: RayExecutor, tmp_path: Path, journal: Journal
) -> None:
    with pytest.raises(UserError, match="the model is missing"):
        run_stage(Square(tmp_path / "notes"), [1, 99], journal, executor)


def test_what_waits_for_the_network_stays_in_this_process(
    executor: RayExecutor, tmp_path: Path, journal: Journal
) -> None:
    stage = Waiting(tmp_path / "notes")
    run_stage(stage, [6, 7], journal, executor)
    assert {line.split()[1] for line in stage.notes.read_text().splitlines()} == {str(os.getpid())}


def test_no_ray_at_the_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    from perception20k.execution.ray import RayExecutor

    monkeypatch.setenv("RAY_ADDRESS", "nobody")
    monkeypatch.setattr(ray, "init", lambda **_: (_ for _ in ()).throw(ConnectionError("no\nRay here")))
    with pytest.raises(UserError, match=r"no Ray at nobody: no\. Is it running"), RayExecutor(2):
        pass


def test_what_a_lost_machine_worked_on_is_done_by_the_other(
    cluster: Any, executor: RayExecutor, tmp_path: Path
) -> None:
    doomed = next(iter(cluster.worker_nodes))
    notes = {place: tmp_path / place / "notes" for place in ("worker", "gpu")}

    def run(place: str) -> list[Outcome]:
        stage, journal = Held(notes[place], 2), Journal(None)
        stage.place = place  # type: ignore[assignment]
        results, _ = run_stage(stage, list(range(16)), journal, executor)
        journal.close()
        return [outcome for _, outcome in results]

    for path in notes.values():
        path.parent.mkdir()
        path.touch()
    runs = []
    with ThreadPoolExecutor() as pool:
        try:
            for place in ("gpu", "worker"):  # the model first: its actor takes one of the two CPUs of a machine
                runs.append(pool.submit(run, place))
                until(lambda path=notes[place]: doomed.node_id in path.read_text())  # type: ignore[misc]
            cluster.remove_node(doomed, allow_graceful=False)
        finally:
            for path in notes.values():
                path.with_name("let go").touch()
    for finished in runs:
        assert finished.result() == [Outcome(n * n) for n in range(16)]
