"""The probability-difference reward against plain, unbatched forward passes, and its gates."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from perception20k.core.errors import UserError
from trainer import models
from trainer.data import prompts
from trainer.training.rewards import probability
from trainer.training.rewards.probability import (
    Ending,
    ProbabilityDifference,
    Query,
    digit_probabilities,
    no_think,
    replace_score,
    true_score,
    write_score,
)

SAID = "<think>a little soft</think><answer>Score: 3.4</answer>"


@pytest.fixture(scope="module")
def model(tiny: Any) -> Any:
    """The tiny model with all its matrices eight times as large: a random model is so nearly uniform, every digit at
    about 0.002, that a wrong place or image would pass for the right one."""
    sharp = models.load_model(str(tiny)).eval()
    with torch.no_grad():
        for parameter in sharp.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8)
    return sharp


def image(width: int, height: int, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def asked(*images: Image.Image) -> list[prompts.Message]:
    message = prompts.ask("refine-iqa-think.v1", images=len(images))[0]
    filled = iter(images)
    parts = [{**p, "image": next(filled)} if p["type"] == "image" else p for p in message["content"]]
    return [{**message, "content": parts}]


def ids_of(processor: Any, text: str) -> list[int]:
    ids: list[int] = processor.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def plain(model: Any, processor: Any, prompt: list[prompts.Message], before: str, digits: str) -> list[float]:
    """The chances of the two digits, by one unpadded pass over prompt and text, read off the full logits."""
    text = processor.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    pictures = [part["image"] for part in prompt[0]["content"] if part["type"] == "image"]
    start = processor(text=[text], images=pictures, return_tensors="pt")
    ending = torch.tensor([ids_of(processor, before + digits)])
    start["input_ids"] = torch.cat([start["input_ids"], ending], 1)
    start["attention_mask"] = torch.ones_like(start["input_ids"])
    kinds = start["mm_token_type_ids"]
    start["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(ending).to(kinds)], 1)
    with torch.no_grad():
        chances = model(**start).logits[0].softmax(-1)
    first, point, second = start["input_ids"][0, -3:].tolist()
    assert processor.tokenizer.decode([first, point, second]) == digits
    return [chances[-4, first].item(), chances[-2, second].item()]


def test_the_true_score_has_one_decimal_on_a_half_open_scale() -> None:
    assert [true_score(mos) for mos in (0, 3.44, 3.46, 4.94, 4.96, 5)] == ["0.0", "3.4", "3.5", "4.9", "4.9", "4.9"]


def test_the_true_score_replaces_the_rollouts_own(processor: Any) -> None:
    ids = [*ids_of(processor, SAID), processor.tokenizer.eos_token_id]
    ending = replace_score(processor.tokenizer, ids, 1.2)
    assert ending is not None
    assert processor.tokenizer.decode(ending.ids) == "<think>a little soft</think><answer>Score: 1.2"
    assert [processor.tokenizer.decode([ending.ids[place]]) for place in ending.digits] == ["1", "2"]
    assert ending.ids[: ending.digits[0]] == ids[: ending.digits[0]]  # the rollout's own tokens


def test_the_rollouts_own_tokens_are_kept_even_where_the_tokenizer_would_join_them(processor: Any) -> None:
    spelt = [id for letter in "<think>soft</think><answer>Score: 3.4</answer>" for id in ids_of(processor, letter)]
    ending = replace_score(processor.tokenizer, spelt, 0.7)
    assert ending is not None
    assert len(ending.ids) == len("<think>soft</think><answer>Score: 0.7")


def test_letters_of_several_bytes_do_not_shift_the_digits(processor: Any) -> None:
    ending = replace_score(processor.tokenizer, ids_of(processor, SAID.replace("soft", "très flou 模糊 🙂")), 2.5)
    assert ending is not None
    assert [processor.tokenizer.decode([ending.ids[place]]) for place in ending.digits] == ["2", "5"]


@pytest.mark.parametrize("text", ["Score: 3.4", SAID[:-3], SAID * 2, SAID.replace("3.4", "9.9"), ""])
def test_a_malformed_rollout_has_no_place_for_the_score(processor: Any, text: str) -> None:
    assert replace_score(processor.tokenizer, ids_of(processor, text), 1.2) is None


def test_a_tokenizer_that_joins_digits_is_refused() -> None:
    def joined(text: str, **_: Any) -> dict[str, Any]:
        return {"input_ids": [7], "offset_mapping": [(0, len(text))]}

    with pytest.raises(UserError, match="joins digits"):
        write_score(joined, "", 3.4)


def test_a_token_reaching_into_the_score_is_written_anew() -> None:
    class Joining:
        """Says " 3" with one token, as some tokenizers do, but writes single characters."""

        def decode(self, ids: list[int], **_: Any) -> str:
            words = ["<think>a</think><answer>Score:", " 3", ".", "4", "</answer>"]
            return "".join(words[id] for id in ids)

        def __call__(self, text: str, **_: Any) -> dict[str, Any]:
            return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}

    assert replace_score(Joining(), [0, 1, 2, 3, 4], 1.2) == Ending([0, *map(ord, " 1.2")], [2, 4])


@pytest.mark.parametrize("pictures", [1, 2])
def test_probabilities_are_those_of_a_plain_forward_pass(model: Any, processor: Any, pictures: int) -> None:
    thoughts = ["soft", "a little soft " * 9, "dark, dull, blocky"]
    prompts = [asked(*(image(60 + 30 * i, 90, 10 * i + k) for k in range(pictures))) for i in range(3)]
    scores = [1.2, 3.4, 4.9]
    queries = []
    for prompt, thought, mos in zip(prompts, thoughts, scores, strict=True):
        ids = ids_of(processor, f"<think>{thought}</think><answer>Score: 0.0</answer>")
        ending = replace_score(processor.tokenizer, ids, mos)
        assert ending is not None
        queries.append(Query(prompt, ending))
    got = digit_probabilities(model, processor, queries, "cpu")
    expected = [
        plain(model, processor, prompt, f"<think>{thought}</think><answer>Score: ", true_score(mos))
        for prompt, thought, mos in zip(prompts, thoughts, scores, strict=True)
    ]
    assert got.numpy() == pytest.approx(np.array(expected), rel=1e-4, abs=1e-7)


def test_the_comparison_with_a_plain_pass_could_fail(model: Any, processor: Any) -> None:
    def chances(seed: int, thought: str) -> torch.Tensor:
        ids = ids_of(processor, f"<think>{thought}</think><answer>Score: 0.0</answer>")
        ending = replace_score(processor.tokenizer, ids, 3.4)
        assert ending is not None
        return digit_probabilities(model, processor, [Query(asked(image(60, 90, seed)), ending)], "cpu")[0]

    given = chances(1, "a little soft")
    for other in (chances(7, "a little soft"), chances(1, "dark, dull")):
        assert ((given - other).abs() / given).max() > 0.01  # a hundred tolerances


def test_float32_weights_give_the_same_under_autocast(tiny: Any, processor: Any) -> None:
    """What a GPU does without DeepSpeed, as near as a CPU shows it: bfloat16 keeps two to three digits."""
    loaded = models.load_model(str(tiny)).eval()
    query = no_think(processor.tokenizer, asked(image(60, 90, 1)), 3.4)
    exact = digit_probabilities(loaded, processor, [query], "cpu")
    with torch.autocast("cpu", torch.bfloat16):
        rounded = digit_probabilities(loaded, processor, [query], "cpu")
    assert loaded.dtype == rounded.dtype == torch.float32
    assert rounded.numpy() == pytest.approx(exact.numpy(), rel=0.02)


def test_the_reference_is_the_no_think_prompt_and_its_fixed_answer(model: Any, processor: Any) -> None:
    prompt = asked(image(60, 90, 1))
    got = digit_probabilities(model, processor, [no_think(processor.tokenizer, prompt, 3.4)], "cpu")
    question = {"type": "text", "text": prompts.prompt("refine-iqa-no-think.v1")}
    other = [{"role": "user", "content": [prompt[0]["content"][0], question]}]
    expected = plain(model, processor, other, "<answer>Score: ", "3.4")
    assert got[0].numpy() == pytest.approx(np.array(expected), rel=1e-4, abs=1e-7)


class Bench:
    """What the reward needs of a trainer, without one."""

    def __init__(self, model: Any, processor: Any, others: int = 0) -> None:
        self.model, self.processing_class = model, processor
        self.args = SimpleNamespace(per_device_train_batch_size=2)
        self.logged: dict[str, list[float]] = defaultdict(list)
        self.passes = 0
        model.register_forward_pre_hook(self._count)
        self.accelerator = SimpleNamespace(
            device="cpu", gather=lambda own: torch.cat([own, torch.tensor([others])]), autocast=torch.no_grad
        )

    def _count(self, *_: Any) -> None:
        self.passes += 1

    def reward(self, texts: list[str], mos: float = 3.4, task: str = "score") -> list[float | None]:
        reward = ProbabilityDifference()
        reward.bind(self)
        count = len(texts)
        return reward(
            [asked(image(60, 90, 1))] * count,
            texts,
            [ids_of(self.processing_class, text) for text in texts],
            [task] * count,
            [mos] * count,
            ["row"] * count,
            lambda name, value: self.logged[name].append(value),
        )


def test_the_reward_is_the_clipped_difference_of_weighted_probabilities(
    model: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Eq. 2: think (0.9, 0.5) -> 0.95 and (0.2, 0.1) -> 0.21; reference (0.3, 0.4) -> 0.34.
    # Eq. 4: 0.95 - 0.34 = 0.61, and 0.21 - 0.34 is clipped to 0.
    table = torch.tensor([[0.9, 0.5], [0.2, 0.1], [0.3, 0.4]])
    given = iter(table.split(2))
    monkeypatch.setattr(probability, "digit_probabilities", lambda *_: next(given))
    bench = Bench(model, processor)
    assert bench.reward([SAID, SAID]) == pytest.approx([0.61, 0])
    assert bench.logged["probability/think"] == pytest.approx([0.95, 0.21])
    assert bench.logged["probability/reference"] == pytest.approx([0.34])
    assert bench.logged["probability/counted"] == [1, 1]


def test_wrong_or_malformed_rollouts_get_nothing_and_other_tasks_none(model: Any, processor: Any) -> None:
    bench = Bench(model, processor)
    far, cut = SAID.replace("3.4", "1.0"), SAID[:-4]
    rewards = bench.reward([SAID, far, cut, SAID.replace("Score: ", "")])
    assert rewards[1:] == [0, 0, 0]
    assert bench.logged["probability/counted"] == [1, 0, 0, 0]
    assert len(bench.logged["probability/think"]) == 2  # of the well-formed ones
    assert Bench(model, processor).reward([SAID], task="grounding") == [None]


def test_every_process_runs_as_many_passes_as_the_busiest(model: Any, processor: Any) -> None:
    # Three well-formed rollouts and one reference are two passes of two; another process needs five.
    bench = Bench(model, processor, others=5)
    alone = Bench(model, processor).reward([SAID] * 3)
    assert bench.reward([SAID] * 3) == pytest.approx(alone)
    assert bench.passes == 5 + 2  # the second bench's own two are seen by the first one's hook too


def test_no_gradient_flows_and_the_model_is_left_in_training_mode(tiny: Any, processor: Any) -> None:
    fresh = models.load_model(str(tiny)).train()
    Bench(fresh, processor).reward([SAID])
    assert fresh.training
    assert all(parameter.grad is None for parameter in fresh.parameters())
    query = no_think(processor.tokenizer, asked(image(60, 90, 1)), 3.4)
    assert not digit_probabilities(fresh, processor, [query], "cpu").requires_grad
