"""The executor and the running of a stage over it: order, failures, resume."""

import os
from pathlib import Path
from typing import Any

import pytest

from perception20k.errors import ItemError, UserError
from perception20k.executor import LocalExecutor
from perception20k.journal import Journal
from perception20k.stages.base import Stage, run_stage


class Square(Stage[int]):
    """Squares numbers; refuses 3, stumbles over 4; notes each item it works on in a file."""

    name = "square"

    def __init__(self, notes: Path, batch_size: int = 1) -> None:
        self.notes, self.size = notes, batch_size

    def key(self, item: int) -> str:
        return f"square {item}"

    def batches(self, items: Any) -> Any:
        items = list(items)
        return (items[i : i + self.size] for i in range(0, len(items), self.size))

    def process_one(self, item: int) -> int:
        with self.notes.open("a") as notes:
            notes.write(f"{item} {os.getpid()}\n")
        if item == 3:
            raise ItemError("three is refused")
        if item == 4:
            raise ValueError("four is not thought of")
        if item == 99:
            raise UserError("the model is missing")
        if item == 98:
            raise OSError(28, "No space left on device")
        return item * item

    def worked_on(self) -> list[int]:
        return [int(line.split()[0]) for line in self.notes.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (1, 4), (2, 1), (2, 3)])
def test_outcomes_come_in_the_items_order(tmp_path: Path, journal: Journal, workers: int, batch: int) -> None:
    stage = Square(tmp_path / "notes", batch)
    with LocalExecutor(workers) as executor:
        outcomes, tally = run_stage(stage, list(range(12)), journal, executor, progress=False)
    assert [o.value for o in outcomes] == [n * n if n not in (3, 4) else None for n in range(12)]
    assert outcomes[3].error == "three is refused"
    assert outcomes[4].error == "ValueError: four is not thought of"
    assert (tally.total, tally.cached, tally.failed) == (12, 0, 2)


def test_two_workers_are_two_processes(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    with LocalExecutor(2) as executor:
        run_stage(stage, list(range(5, 90)), journal, executor, progress=False)
    pids = {line.split()[1] for line in stage.notes.read_text().splitlines()}
    assert os.getpid() not in map(int, pids)


def test_a_second_run_does_only_what_may_turn_out_differently(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    with LocalExecutor() as executor:
        first, _ = run_stage(stage, [1, 2, 3, 4], journal, executor, progress=False)
        stage.notes.write_text("")
        second, tally = run_stage(stage, [1, 2, 3, 4, 5], journal, executor, progress=False)
    # 3 was refused for good; 4 failed in a way nobody thought of, and is tried again
    assert stage.worked_on() == [4, 5]
    assert tally.cached == 3
    assert [o.value for o in second[:4]] == [o.value for o in first]
    assert second[2].error == "three is refused"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("item", "error"), [(99, UserError), (98, OSError)])
def test_a_failure_of_the_machine_stops_the_run(
    tmp_path: Path, journal: Journal, workers: int, item: int, error: type[Exception]
) -> None:
    with LocalExecutor(workers) as executor, pytest.raises(error):
        run_stage(Square(tmp_path / "notes"), [1, item], journal, executor, progress=False)


def test_nothing_is_set_up_where_there_is_nothing_to_do(tmp_path: Path, journal: Journal) -> None:
    class Heavy(Square):
        def setup(self) -> None:
            raise AssertionError("a model was loaded for nothing")

    with LocalExecutor() as executor:
        assert run_stage(Heavy(tmp_path / "notes"), [], journal, executor, progress=False)[0] == []
