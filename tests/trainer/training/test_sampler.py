"""The order of prompts."""

from __future__ import annotations

from trainer.training.sampler import PromptSampler


def sampler(datasets: list[str], *, block: int, batch: int, repeats: int = 1, seed: int = 0) -> PromptSampler:
    return PromptSampler(datasets, block=block, batch=batch, group_size=3, repeats=repeats, seed=seed)


def test_each_prompt_comes_g_times_and_each_batch_as_often_as_it_is_asked_for() -> None:
    drawn = list(sampler(["a"] * 4, block=2, batch=2, repeats=2))
    assert len(drawn) == 4 * 3 * 2
    assert drawn[:6] == drawn[6:12] and drawn[12:18] == drawn[18:]
    assert [len(set(drawn[i : i + 3])) for i in range(0, len(drawn), 3)] == [1] * 8
    assert sorted(set(drawn)) == [0, 1, 2, 3]


def test_blocks_keep_to_one_dataset() -> None:
    datasets = ["a"] * 7 + ["b"] * 9 + ["c"] * 3
    drawn = list(sampler(datasets, block=4, batch=4))
    blocks = [drawn[i : i + 12] for i in range(0, len(drawn), 12)]
    assert len(blocks) == 3  # 7 // 4 of a, 9 // 4 of b, none of c
    assert [len({datasets[index] for index in block}) for block in blocks] == [1, 1, 1]
    assert {datasets[block[0]] for block in blocks} == {"a", "b"}


def test_only_whole_batches_are_drawn_and_the_length_says_how_many() -> None:
    made = sampler(["a"] * 11, block=1, batch=4, repeats=2)
    assert made.batches() == 2
    assert len(made) == len(list(made)) == 2 * 4 * 3 * 2


def test_an_epoch_is_known_by_its_number() -> None:
    made, resumed = (sampler(["a"] * 20, block=1, batch=4) for _ in range(2))
    first = list(made)
    made.set_epoch(1)
    resumed.set_epoch(1)
    assert list(made) == list(resumed) != first
    made.set_epoch(0)
    assert list(made) == first
    assert list(sampler(["a"] * 20, block=1, batch=4, seed=1)) != first
