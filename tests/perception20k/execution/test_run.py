"""A run stops early when everything fails alike, and goes on where items alone are at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perception20k.core.errors import ItemError, UserError
from perception20k.execution.journal import Journal
from perception20k.execution.local import LocalExecutor
from perception20k.execution.run import run_stage
from perception20k.execution.stage import Place, Stage


class Scripted(Stage[int]):
    """Fails as told, and counts what it was asked."""

    name = "score"
    max_alike = 7

    def __init__(self, fail: Callable[[int], Exception | None], place: Place = "worker") -> None:
        self.fail, self.place, self.asked = fail, place, list[int]()

    def key(self, item: int) -> str:
        return str(item)

    def process_one(self, item: int) -> int:
        self.asked.append(item)
        if error := self.fail(item):
            raise error
        return item


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


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
        with pytest.raises(UserError, match="the next run goes on with the other items"):
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
