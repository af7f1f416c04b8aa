"""What a run does, what was done before, what is due; and when it stops early because everything fails alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perception20k.core.errors import ItemError, UserError
from perception20k.execution.journal import Journal
from perception20k.execution.local import LocalExecutor
from perception20k.execution.run import run_stage
from perception20k.execution.stage import NullExecutor, Outcome, Place, Stage, to_outcome
from tests.perception20k.execution.square import Square


class Scripted(Stage[int]):
    """Fails as told, and counts what it was asked."""

    name = "score"
    max_alike = 7

    def __init__(self, fail: Callable[[int], Exception | None], place: Place = "worker") -> None:
        self.fail, self.place, self.asked = fail, place, list[int]()

    def key(self, item: int) -> str:
        return str(item)

    def process(self, batch: list[int]) -> list[Outcome]:
        return [to_outcome(self.process_one, item) for item in batch]

    def process_one(self, item: int) -> int:
        self.asked.append(item)
        if error := self.fail(item):
            raise error
        return item


def run(stage: Scripted, journal: Journal, count: int = 100) -> int:
    """How many items failed."""
    return run_stage(stage, list(range(count)), journal, LocalExecutor())[1].failed


def missing_method(item: int) -> Exception:
    return AttributeError(f"/tmp/{item}.png: the model has no method for image {item}")


def test_a_stage_whose_items_all_fail_alike_stops_with_one_line(journal: Journal) -> None:
    stage = Scripted(missing_method)
    with pytest.raises(UserError, match=r"score: the first 7 items all failed alike: AttributeError: ") as e:
        run(stage, journal)
    assert len(stage.asked) == 7 and "\n" not in str(e.value) and "run the same command again" in str(e.value)
    # what broke by surprise is tried again when its cause is gone
    assert run(Scripted(lambda item: None), journal) == 0


@pytest.mark.slow
def test_calls_that_all_fail_alike_can_be_asked_again(journal: Journal) -> None:
    refuse = Scripted(lambda item: ItemError("400: temperature does not support 0.0"), place="threads")
    with pytest.raises(UserError, match=r"first 7 items.*again with --retry-failed score"):
        run(refuse, journal)
    assert len(refuse.asked) == 7
    works = Scripted(lambda item: None, place="threads")
    assert run(works, journal) == 7  # what was refused stays so
    assert journal.forget_failures("describe") == 0
    assert journal.forget_failures("score") == 7
    assert run(works, journal) == 0
    assert sorted(works.asked) == list(range(100))


def test_a_run_goes_on_past_items_that_failed_before(journal: Journal) -> None:
    damaged = Scripted(lambda item: ItemError("not an image") if item < 20 else None)
    for _ in range(2):
        with pytest.raises(UserError, match="the next run continues with the other items"):
            run(damaged, journal)
    assert run(damaged, journal) == 20
    assert sorted(damaged.asked) == list(range(100))


@pytest.mark.parametrize(
    "fail",
    [
        lambda item: ItemError("damaged") if item else None,  # the first succeeds
        lambda item: ItemError(f"kind {'ab'[item % 2]}"),  # they fail in different ways
        lambda item: ItemError("damaged") if item < 6 else None,
    ],
)
def test_items_that_fail_in_other_ways_do_not_stop_a_run(
    journal: Journal, fail: Callable[[int], Exception | None]
) -> None:
    run(Scripted(fail), journal)


def test_new_items_that_fail_do_not_stop_a_stage_that_has_worked(journal: Journal) -> None:
    run(Scripted(lambda item: None), journal, count=1)
    assert run(Scripted(lambda item: ItemError("damaged")), journal) == 99


def test_forgetting_failures_of_all_stages_keeps_what_was_done(journal: Journal) -> None:
    journal.put("sources", [("a", {"value": 1, "error": None}), ("b", {"value": None, "error": "damaged"})])
    journal.put("score", [("c", {"value": None, "error": "no number"})])
    assert journal.forget_failures() == 2
    assert journal.get("sources", "a") and not journal.get("sources", "b") and not journal.get("score", "c")


def test_a_second_run_does_only_what_may_turn_out_differently(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    with LocalExecutor() as executor:
        first, _ = run_stage(stage, [1, 2, 3, 4], journal, executor)
        stage.notes.write_text("")
        second, tally = run_stage(stage, [1, 2, 3, 4, 5], journal, executor)
    # 3 was refused for good; 4 failed in a way nobody thought of, and is tried again
    assert stage.worked_on() == [4, 5]
    assert tally.cached == 3
    assert list(second)[:4] == list(first)
    assert list(second)[2][1].error == "three is refused"


def test_nothing_is_set_up_where_there_is_nothing_to_do(tmp_path: Path, journal: Journal) -> None:
    class Heavy(Square):
        def setup(self) -> None:
            raise AssertionError("a model was loaded for nothing")

    with LocalExecutor() as executor:
        assert len(run_stage(Heavy(tmp_path / "notes"), [], journal, executor)[0]) == 0


def test_an_idle_executor_leaves_what_is_due(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    run_stage(stage, [1, 2], journal, LocalExecutor())
    results, tally = run_stage(stage, [1, 2, 5], journal, NullExecutor())
    assert [item for item, _ in results] == [1, 2]
    assert (tally.total, tally.cached, tally.done, tally.due) == (3, 2, 0, 1)


def test_a_batch_that_is_whole_is_done_again_whole(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes", 3)
    stage.whole_batches = True
    run_stage(stage, [1, 2], journal, LocalExecutor())
    stage.notes.write_text("")
    run_stage(stage, [1, 2, 5, 6], journal, LocalExecutor())
    assert stage.worked_on() == [1, 2, 5, 6]
    stage.notes.write_text("")
    _, tally = run_stage(stage, [1, 2, 5, 6], journal, LocalExecutor())
    assert stage.worked_on() == [] and tally.cached == 4


class Together(Square):
    """Items in whole batches of four, of which 8 fails in a way that may pass, until it is mended."""

    whole_batches = True
    mended = False

    def __init__(self, notes: Path) -> None:
        super().__init__(notes, 4)

    def process_one(self, item: int) -> int:
        super().process_one(item)
        if item == 8 and not self.mended:
            raise ValueError("eight does not fit today")
        return item * item


def test_a_failure_that_lasts_makes_no_other_item_run_again(tmp_path: Path, journal: Journal) -> None:
    stage = Together(tmp_path / "notes")
    run_stage(stage, list(range(5, 13)), journal, LocalExecutor())
    for _ in range(2):
        stage.notes.write_text("")
        results, tally = run_stage(stage, list(range(5, 13)), journal, LocalExecutor())
        assert stage.worked_on() == [8]
        assert (tally.cached, tally.done, tally.failed, tally.passing, tally.due) == (7, 1, 1, 1, 0)
        assert dict(results)[8].error == "ValueError: eight does not fit today"


def test_a_failure_that_has_passed_is_worked_on_with_its_whole_batch(tmp_path: Path, journal: Journal) -> None:
    stage = Together(tmp_path / "notes")
    run_stage(stage, list(range(5, 13)), journal, LocalExecutor())
    stage.notes.write_text("")
    stage.mended = True
    results, tally = run_stage(stage, list(range(5, 13)), journal, LocalExecutor())
    assert stage.worked_on() == [8, 5, 6, 7, 8]
    assert (tally.cached, tally.done, tally.failed, tally.due) == (4, 4, 0, 0)
    assert [outcome.value for _, outcome in results] == [n * n for n in range(5, 13)]
    stage.notes.write_text("")
    run_stage(stage, list(range(5, 13)), journal, LocalExecutor())
    assert stage.worked_on() == []


def test_the_same_item_twice_is_worked_on_once(tmp_path: Path, journal: Journal) -> None:
    stage = Square(tmp_path / "notes")
    with LocalExecutor(2) as executor:
        results, _ = run_stage(stage, [7, 7, 7], journal, executor)
    assert [o.value for _, o in results] == [49, 49, 49] and stage.worked_on() == [7]
