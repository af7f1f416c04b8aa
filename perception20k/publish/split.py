"""Split: a test part with the joint group and severity distribution of the whole, safe by scene, and lasting.

No scene is in both parts: a model that saw a photo distorted in training would know it in the test. A scene that is
in a part stays there for the life of the dataset, whatever is added, deleted or exported again; only new scenes are
dealt.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from perception20k.core.seeding import key_int
from perception20k.dataset.records import Sample

Cells = Counter[tuple[Any, ...]]


def split(
    samples: Iterable[Sample],
    test_fraction: float,
    seed: int,
    *,
    scenes: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """``train``, ``test`` or the empty string for every ``image_id`` of the samples.

    New scenes are dealt one by one, the larger ones first, in an order keyed by ``seed``. Each goes where it brings
    the counts of the test part nearer to ``test_fraction`` of those dealt so far, by squared distance over the counts
    of each group and severity together, each group, each severity and the total, every count weighed by its expected
    size. The time grows with the number of samples.

    Args:
        samples: what is split; scenes without a sample are not dealt.
        test_fraction: the test part's share of the samples, 0 or more and below 1.
        seed: of the order in which scenes are dealt.
        scenes: the scene of each image; by default every image is one.
        parts: the part of images that have one already, of this dataset or of a split that was supplied.

    Returns:
        The part of each image. It is empty for a new image of a scene that stands in both parts already, as it may
        when a new photo shows that two older ones were crops of it: it must not be in either.
    """
    scenes, parts = scenes or {}, parts or {}
    members: dict[str, list[str]] = defaultdict(list)
    kinds: dict[tuple[str, int], int] = {}
    held: dict[str, array[int]] = defaultdict(lambda: array("H"))  # numbers of the kinds of a scene's samples
    image_ids: set[str] = set()
    for s in samples:
        image_ids.add(s.image_id)
        held[scenes.get(s.image_id, s.image_id)].append(kinds.setdefault((s.group, s.severity), len(kinds)))
    for image_id in sorted(image_ids):
        members[scenes.get(image_id, image_id)].append(image_id)
    names = list(kinds)

    def cells(scene: str) -> Cells:
        return Counter(cell for number in held[scene] for cell in _cells(*names[number]))

    standing = _standing_parts(scenes, parts)
    deal = _Deal(test_fraction, map(cells, held))
    placed: dict[str, str] = {}
    new = []
    for scene in members:
        known = standing.get(scene, set())
        if known:
            placed[scene] = next(iter(known)) if len(known) == 1 else ""
            deal.count(cells(scene), placed[scene])
        else:
            new.append(scene)
    new.sort(key=lambda scene: (-len(held[scene]), key_int(seed, "split", scene)))
    for scene in new:
        placed[scene] = deal.choose(cells(scene))
    if new and not any(part == "train" for part in placed.values()):
        placed[new[-1]] = "train"  # the train part is never empty
    return {image_id: parts.get(image_id) or placed[scene] for scene, images in members.items() for image_id in images}


def _standing_parts(scenes: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, set[str]]:
    standing: dict[str, set[str]] = defaultdict(set)
    for image_id, part in parts.items():
        if part:
            standing[scenes.get(image_id, image_id)].add(part)
    return standing


def _cells(group: str, severity: int) -> list[tuple[Any, ...]]:
    """The counts that a sample of this kind is part of."""
    return [(group, severity), (group,), (severity,), ("all",)]


class _Deal:
    """The counts dealt so far: how many the test part should have by now, less how many it has."""

    def __init__(self, test_fraction: float, everything: Iterable[Cells]) -> None:
        self.fraction = test_fraction
        total: Cells = Counter()
        for cells in everything:
            total.update(cells)
        self.weight = {cell: 1 / max(test_fraction * count, 1) for cell, count in total.items()}
        self.missing: dict[tuple[Any, ...], float] = defaultdict(float)

    def count(self, cells: Cells, part: str) -> None:
        """Note a scene that is in a part; one that is in neither counts for nothing."""
        for cell, count in cells.items() if part else ():
            self.missing[cell] += count * (self.fraction - (part == "test"))

    def choose(self, cells: Cells) -> str:
        """The part that a new scene goes to."""
        change = 0.0  # of the distance, if the scene goes to the test part
        for cell, count in cells.items():
            wanted = self.missing[cell] + self.fraction * count
            change += self.weight[cell] * count * (count - 2 * wanted)
        part = "test" if change < 0 else "train"
        self.count(cells, part)
        return part
