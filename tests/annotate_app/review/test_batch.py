from __future__ import annotations

import pytest

from annotate_app.review.batch import UNLIKE, Item, compose
from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import REPEAT_GAP, Settings
from distortions import GROUPS
from perception20k.dataset.layout import Layout


@pytest.fixture(scope="module")
def dataset(small: str) -> Dataset:
    return Dataset(Layout(small))  # type: ignore[arg-type]  # a path


def ids(items: list[Item], role: str = "sample") -> list[str]:
    return [item.sample_id for item in items if item.role == role]


def test_every_chosen_sample_is_shown_once(dataset: Dataset) -> None:
    chosen = list(dataset.samples)[:40]
    items = compose(dataset, chosen, Settings(), seed=3)
    assert sorted(ids(items)) == sorted(chosen)
    assert len(items) == 40


def test_the_order_is_the_seeds_and_not_the_callers(dataset: Dataset) -> None:
    chosen = list(dataset.samples)
    items = compose(dataset, chosen, Settings(catches=0.1, repeats=0.1), seed=3)
    assert compose(dataset, chosen[::-1], Settings(catches=0.1, repeats=0.1), seed=3) == items
    assert ids(compose(dataset, chosen, Settings(), seed=4)) != ids(compose(dataset, chosen, Settings(), seed=3))
    assert ids(compose(dataset, chosen, Settings(), seed=3)) != sorted(chosen)


def test_trials_are_off_by_default(dataset: Dataset) -> None:
    items = compose(dataset, list(dataset.samples), Settings(), seed=1)
    assert {item.role for item in items} == {"sample"}


def test_trials_have_the_shares_asked_for_and_one_true_answer(dataset: Dataset) -> None:
    chosen = list(dataset.samples)[:40]
    items = compose(dataset, chosen, Settings(catches=0.1, repeats=0.05), seed=5)
    undistorted = [item for item in items if item.role == "undistorted"]
    mislabelled = [item for item in items if item.role == "wrong_label"]
    assert (len(undistorted), len(mislabelled), len(ids(items, "repeat"))) == (2, 2, 2)  # 10 % and 5 % of 40
    assert not {item.sample_id for item in undistorted + mislabelled} & set(chosen)
    for item in undistorted:
        assert item.image_sha256 == dataset.source(item.sample_id).file_sha256
    group_of = {label: group for group, label in GROUPS.items()}
    for item in mislabelled:
        true = dataset.samples[item.sample_id].group
        assert group_of[item.label] in UNLIKE["Refine-IQA"][true]


def test_trials_come_from_the_batch_when_there_is_nothing_else(dataset: Dataset) -> None:
    items = compose(dataset, list(dataset.samples), Settings(catches=0.5), seed=5)
    assert len(items) == 90


@pytest.mark.parametrize("seed", range(5))
def test_a_repeat_comes_well_after_its_first_showing(dataset: Dataset, seed: int) -> None:
    items = compose(dataset, list(dataset.samples), Settings(repeats=0.2), seed=seed)
    order = [item.sample_id for item in items]
    repeats = [k for k, item in enumerate(items) if item.role == "repeat"]
    assert len(repeats) == 12
    for k in repeats:
        assert k - order.index(items[k].sample_id) >= REPEAT_GAP


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_batches_work_with_trials(dataset: Dataset, size: int) -> None:
    chosen = list(dataset.samples)[:size]
    items = compose(dataset, chosen, Settings(catches=0.5, repeats=0.5), seed=0)
    assert sorted(ids(items)) == sorted(chosen)
