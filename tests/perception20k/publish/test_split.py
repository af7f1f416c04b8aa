from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from distortions import GROUPS
from perception20k.dataset.records import Sample
from perception20k.publish.split import split
from tests.perception20k.samples import BLANK


def made(images: int, each: int, seed: int = 0) -> list[Sample]:
    rng = np.random.Generator(np.random.Philox(seed))
    groups = list(GROUPS)
    return [
        replace(
            BLANK,
            sample_id=f"{i}-{k}",
            image_id=f"{i:016x}",
            group=groups[rng.integers(12)],
            severity=int(rng.integers(1, 6)),
        )
        for i in range(images)
        for k in range(each)
    ]


def shares(samples: list[Sample], parts: dict[str, str], key: str) -> dict[object, float]:
    every = Counter(getattr(s, key) for s in samples)
    test = Counter(getattr(s, key) for s in samples if parts[s.image_id] == "test")
    return {name: test[name] / count for name, count in every.items()}


def test_the_test_part_has_its_size_and_the_joint_distribution() -> None:
    samples = made(2500, 3)
    parts = split(samples, 0.0717, seed=1)
    test = [s for s in samples if parts[s.image_id] == "test"]
    assert len(test) == pytest.approx(0.0717 * len(samples), abs=6)
    joint = Counter((s.group, s.severity) for s in test)
    every = Counter((s.group, s.severity) for s in samples)
    # 60 cells of about 125, so about 9 in the test part: none is off by more than 2
    assert all(abs(joint[cell] - 0.0717 * count) <= 2 for cell, count in every.items())


def test_a_small_dataset_keeps_groups_and_severities_near() -> None:
    samples = made(40, 4)
    parts = split(samples, 0.25, seed=1)
    assert all(0.05 <= share <= 0.5 for share in shares(samples, parts, "group").values())
    assert all(0.15 <= share <= 0.35 for share in shares(samples, parts, "severity").values())


def test_the_split_does_not_depend_on_the_order_of_the_samples() -> None:
    samples = made(60, 3)
    assert split(samples, 0.2, seed=1) == split(samples[::-1], 0.2, seed=1)


def test_among_equals_the_seed_decides() -> None:
    equals = [replace(BLANK, sample_id=str(i), image_id=f"{i:016x}") for i in range(40)]
    assert split(equals, 0.2, seed=1) != split(equals, 0.2, seed=2)
    assert Counter(split(equals, 0.2, seed=1).values())["test"] == 8


@pytest.mark.parametrize(("images", "fraction", "test"), [(0, 0.2, 0), (1, 0.9, 0), (30, 0.0, 0), (2, 0.5, 1)])
def test_the_smallest_datasets(images: int, fraction: float, test: int) -> None:
    parts = split(made(images, 2), fraction, seed=0)
    assert Counter(parts.values())["test"] == test
    assert len(parts) == images


def test_a_scene_is_never_in_both_parts() -> None:
    samples = made(300, 2)
    scenes = {s.image_id: f"{int(s.image_id, 16) // 3}" for s in samples}
    parts = split(samples, 0.2, seed=1, scenes=scenes)
    by_scene = {scene: {parts[i] for i in scenes if scenes[i] == scene} for scene in scenes.values()}
    assert all(len(found) == 1 for found in by_scene.values())
    assert Counter(parts.values())["test"] == pytest.approx(60, abs=6)


def test_a_scene_keeps_its_part_whatever_is_added_or_deleted() -> None:
    samples = made(400, 3)
    before = split(samples, 0.1, seed=1)
    grown = split(made(420, 3), 0.1, seed=1, parts=before)
    assert {i: grown[i] for i in before} == before
    fewer = [s for k, s in enumerate(samples) if k % 33]
    after = split(fewer, 0.1, seed=1, parts=before)
    assert after == {i: before[i] for i in after}


def test_new_scenes_make_up_for_what_stands() -> None:
    samples = made(400, 3)
    standing = {s.image_id: "train" for s in samples[:600]}
    parts = split(samples, 0.1, seed=1, parts=standing)
    assert sum(parts[s.image_id] == "test" for s in samples) == pytest.approx(120, abs=3)


def test_a_new_image_of_a_scene_in_both_parts_is_in_neither() -> None:
    samples = made(3, 1)
    first, second, new = (s.image_id for s in samples)
    one_scene = dict.fromkeys((first, second, new), first)
    parts = split(samples, 0.2, seed=1, scenes=one_scene, parts={first: "train", second: "test"})
    assert parts == {first: "train", second: "test", new: ""}
