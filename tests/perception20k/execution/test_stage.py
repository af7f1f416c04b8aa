"""What becomes of an item, and how items are handed out."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from perception20k.core.errors import ItemError, TransientError, UserError
from perception20k.execution.stage import NullExecutor, Outcome, Stage, to_outcome, together
from tests.perception20k.execution.square import Square


def raising(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


def test_a_result_is_an_outcome_that_lasts() -> None:
    assert to_outcome(pow, 7, 2) == Outcome(49)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ItemError("refused"), Outcome(error="refused")),
        (TransientError("busy"), Outcome(error="busy", cacheable=False)),
        (ValueError("odd"), Outcome(error="ValueError: odd", cacheable=False)),
        (OSError(errno.EIO, "bad disk"), Outcome(error="OSError: [Errno 5] bad disk", cacheable=False)),
    ],
)
def test_what_an_item_raises_becomes_its_outcome(error: Exception, outcome: Outcome) -> None:
    assert to_outcome(raising(error)) == outcome


@pytest.mark.parametrize(
    "error", [UserError("no key"), OSError(errno.ENOSPC, "disk full"), MemoryError(), KeyboardInterrupt()]
)
def test_what_no_item_can_help_stops_the_run(error: BaseException) -> None:
    with pytest.raises(type(error)):
        to_outcome(raising(error))


def test_a_batch_has_an_outcome_for_each_item_in_its_order(tmp_path: Path) -> None:
    outcomes = Square(tmp_path / "notes").process([2, 3, 5])
    assert [(outcome.value, outcome.error) for outcome in outcomes] == [
        (4, None),
        (None, "three is refused"),
        (25, None),
    ]


@pytest.mark.parametrize(("size", "batches"), [(1, [[1], [2], [3]]), (2, [[1, 2], [3]]), (9, [[1, 2, 3]])])
def test_items_are_handed_out_in_batches_and_the_last_may_be_short(
    tmp_path: Path, size: int, batches: list[list[int]]
) -> None:
    stage = Square(tmp_path / "notes")
    stage.batch_size = size
    assert list(Stage.batches(stage, iter([1, 2, 3]))) == batches
    assert list(Stage.batches(stage, [])) == []


def test_an_executor_that_does_nothing_gives_nothing_back_and_reads_every_batch(tmp_path: Path) -> None:
    batches = iter([[1], [2]])
    assert list(NullExecutor().run(Square(tmp_path / "notes"), batches)) == []
    assert next(batches, None) is None


def test_a_batch_goes_through_together_without_what_cannot_be_read() -> None:
    seen: list[list[int]] = []

    def read(item: int) -> int:
        if item == 3:
            raise ItemError("three is refused")
        return 10 * item

    def work(inputs: list[int]) -> list[int]:
        seen.append(inputs)
        return [value + 1 for value in inputs]

    assert together([2, 3, 4], read, work) == [Outcome(21), Outcome(error="three is refused"), Outcome(41)]
    assert seen == [[20, 40]]


def test_an_item_that_fails_in_a_batch_fails_alone() -> None:
    def work(inputs: list[int]) -> list[int]:
        if 4 in inputs:
            raise ItemError("four is refused")
        return [value * value for value in inputs]

    assert together([3, 4, 5], int, work) == [Outcome(9), Outcome(error="four is refused"), Outcome(25)]
