"""Prompts that are held out: whole scenes, the same in every run, never all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.training.held_out import hold_out, some


class Numbered:
    """Rows that are their own places; ten scenes of three rows each."""

    def __init__(self, scenes: Sequence[str]) -> None:
        self.scenes, self.datasets = scenes, ["numbers"] * len(scenes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"place": index, "scene": self.scenes[index]}

    def prompts(self) -> list[Any]:
        return []


ROWS = Numbered([f"scene {i % 10}" for i in range(30)])


def places(rows: Any) -> set[int]:
    return {rows[i]["place"] for i in range(len(rows.datasets))}


def test_no_scene_is_on_both_sides() -> None:
    kept, held = hold_out(ROWS, 7)
    assert len(held.datasets) == 7
    assert len(kept.datasets) == 21  # three scenes of three rows, for seven
    assert not {kept.scenes[i] for i in range(21)} & {held.scenes[i] for i in range(7)}
    assert not places(kept) & places(held)


def test_the_same_rows_are_held_out_again_and_more_hold_out_the_same_and_others() -> None:
    assert places(hold_out(ROWS, 6)[1]) == places(hold_out(ROWS, 6)[1])
    few, many = (set(hold_out(ROWS, count)[1].scenes) for count in (3, 9))
    assert few < many
    assert places(some(ROWS, 5)) == places(some(ROWS, 5)) < places(some(ROWS, 9))


def test_at_most_half_of_the_scenes_are_held_out() -> None:
    kept, held = hold_out(ROWS, 1000)
    assert (len(kept.datasets), len(held.datasets)) == (15, 15)
    alone = Numbered(["one", "one"])
    assert [len(part.datasets) for part in hold_out(alone, 5)] == [2, 0]
