"""Ray's workers: tasks and actors, what fails in them, and what stays in this process. Ray starts once, slowly."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.execution.journal import Journal
from perception20k.execution.local import CRASHED
from perception20k.execution.ray import RayExecutor
from perception20k.execution.run import run_stage
from tests.perception20k.execution.square import Square, Waiting

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    """Ray on this machine, made to believe in two GPUs."""
    import ray

    ray.init(address="local", num_cpus=2, num_gpus=2, include_dashboard=False, log_to_driver=False)
    with RayExecutor(2) as executor:
        yield executor


@pytest.mark.parametrize("place", ["worker", "isolated", "gpu"])
def test_the_work_is_done_elsewhere_and_only_the_culprit_is_blamed(
    executor: RayExecutor, tmp_path: Path, place: str
) -> None:
    stage = Square(tmp_path / "notes", 3)
    stage.place = place  # type: ignore[assignment]
    journal = Journal(None)
    items = [1, 2, 3, 4, *range(20, 30), 97, *range(30, 35)]
    results, tally = run_stage(stage, items, journal, executor)
    journal.close()
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


def test_a_failure_that_the_user_can_mend_stops_the_run(executor: RayExecutor, tmp_path: Path) -> None:
    journal = Journal(None)
    with pytest.raises(UserError, match="the model is missing"):
        run_stage(Square(tmp_path / "notes"), [1, 99], journal, executor)
    journal.close()


def test_what_waits_for_the_network_stays_in_this_process(executor: RayExecutor, tmp_path: Path) -> None:
    stage, journal = Waiting(tmp_path / "notes"), Journal(None)
    run_stage(stage, [6, 7], journal, executor)
    journal.close()
    assert {line.split()[1] for line in stage.notes.read_text().splitlines()} == {str(os.getpid())}
