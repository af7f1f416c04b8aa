"""Prompts that a run does not train on, so that it can be evaluated on them as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from perception20k.core.seeding import key_int
from trainer.data.rows import Row, TrainingRows


class Chosen:
    """Some of the rows of ``rows``, by their places."""

    def __init__(self, rows: TrainingRows, places: Sequence[int]) -> None:
        self.rows, self.places = rows, places
        self.datasets: Sequence[str] = [rows.datasets[place] for place in places]
        self.scenes: Sequence[str] = [rows.scenes[place] for place in places]

    def __getitem__(self, index: int) -> Row:
        return self.rows[self.places[index]]

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """Those of all rows, chosen or not."""
        return self.rows.prompts()


def some(rows: TrainingRows, count: int) -> Chosen:
    """At most ``count`` rows, drawn by a key of their scene and place."""
    drawn = sorted(range(len(rows.scenes)), key=lambda place: key_int("held out", rows.scenes[place], place))
    return Chosen(rows, drawn[:count])


def hold_out(rows: TrainingRows, count: int) -> tuple[Chosen, Chosen]:
    """What is left to train on, and at most ``count`` rows of whole scenes, at most half of the scenes.

    A scene is on one side only; rows of the held-out scenes beyond ``count`` are on neither.
    """
    places: dict[str, list[int]] = {}
    for place, scene in enumerate(rows.scenes):
        places.setdefault(scene, []).append(place)
    scenes = sorted(places, key=lambda scene: key_int("held out", scene))
    held: list[int] = []
    taken = 0
    while len(held) < count and taken < len(scenes) // 2:
        held += places[scenes[taken]]
        taken += 1
    kept = sorted(place for scene in scenes[taken:] for place in places[scene])
    return Chosen(rows, kept), some(Chosen(rows, held), count)
