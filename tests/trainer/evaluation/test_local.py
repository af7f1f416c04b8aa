"""A local model: generation, and Eq. 8 against a plain forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from perception20k.core.errors import UserError
from trainer.data.mos import read_csv
from trainer.data.rows import Row, with_images
from trainer.evaluation import pairs, scoring
from trainer.evaluation.local import LocalModel
from trainer.evaluation.readout import expectation
from trainer.evaluation.suites import Response
from trainer.models import load_model

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
SAID = "<think>sharp, 4 of 5</think><answer>Score: {}</answer>"


@pytest.fixture(scope="module")
def model(tiny: Path) -> LocalModel:
    return LocalModel(str(tiny), CPU, max_tokens=8, max_pixels=56 * 56)


@pytest.fixture(scope="module")
def rows(model: LocalModel, pictures: Path) -> list[Row]:
    """Five rated pictures, asked for with thinking."""
    suite = scoring.suite(read_csv(pictures / "rated.csv", 0, 5), "think", model.grid)
    return [suite.rows[i] for i in range(len(suite))]


class Saying(LocalModel):
    """The tiny model made to say ``texts``: a random one never says a score."""

    texts: Sequence[str]

    def _generate(self, rows: Sequence[Row], **how: Any) -> list[list[int]]:
        said = [self.texts[int(row["row_id"].split("/")[1][0])] for row in rows]
        return [self.processor.tokenizer(text, add_special_tokens=False)["input_ids"] for text in said]


@pytest.fixture(scope="module")
def saying(tiny: Path) -> Saying:
    model = Saying(str(tiny), CPU, max_tokens=8, max_pixels=56 * 56)
    model.texts = [SAID.format(score) for score in ("4.6", "3.1", "2.0")] + ["no idea", SAID.format("0.4")]
    return model


def plain(model: LocalModel, row: Row, before: str) -> float:
    """Eq. 8 after ``before``, by one pass over the text as a whole, read off the full logits."""
    asked = with_images(row, lambda image: {"type": "image", "image": image})
    text = model.processor.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    inputs = model.processor(text=[text + before], images=row["images"], return_tensors="pt")
    with torch.no_grad():
        logits = model.model(**inputs).logits[0, -1].double()
    ids = [model.processor.tokenizer.convert_tokens_to_ids(digit) for digit in "01234"]
    chances = logits[ids].exp() / logits[ids].exp().sum()
    return sum(j * p for j, p in enumerate(chances.tolist())) + 0.5


def scores(found: Sequence[list[Response] | None]) -> list[float | None]:
    return [None if answers is None or (d := answers[0].digits) is None else expectation(d) for answers in found]


def test_eq_8_is_that_of_a_plain_forward_pass_before_the_answers_digit(saying: Saying, rows: list[Row]) -> None:
    found = scores(saying.answer(rows, 0))
    before = SAID.split("{")[0]
    expected = [plain(saying, row, before) for row in rows]
    for i in (0, 1, 2, 4):
        assert found[i] == pytest.approx(expected[i], abs=1e-5)
    assert found[3] is None  # no score to be read
    assert len({round(value, 6) for value in expected}) == 5  # the picture and nothing else makes the difference


def test_eq_8_is_the_same_to_the_last_digit_in_any_batch_and_any_run(
    saying: Saying, tiny: Path, rows: list[Row]
) -> None:
    together = scores(saying.answer(rows, 0))
    assert scores([answers for row in rows for answers in saying.answer([row], 0)]) == together
    again = Saying(str(tiny), CPU, max_tokens=8, max_pixels=56 * 56)
    again.texts = saying.texts
    assert scores(again.answer(rows[::-1], 0))[::-1] == together


def test_generation_is_plain_greedy_search_whatever_the_checkpoint_says(model: LocalModel, rows: list[Row]) -> None:
    inputs = model._encode(rows[:1])
    ids, tokens = inputs["input_ids"], []
    with torch.no_grad():
        for _ in range(8):
            kinds = torch.nn.functional.pad(inputs["mm_token_type_ids"], (0, len(tokens)))
            step = {**inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids), "mm_token_type_ids": kinds}
            tokens.append(int(model.model(**step).logits[0, -1].argmax()))
            ids = torch.cat([ids, torch.tensor([tokens[-1:]])], dim=1)
    own = model.model.generation_config
    try:
        own.repetition_penalty = 1.7
        assert model._generate(rows[:1])[0] == tokens
        assert model.model.generation_config is own
    finally:
        own.repetition_penalty = 1.0


def test_sampled_answers_differ_and_are_the_same_in_every_run(model: LocalModel, rows: list[Row]) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = model.answer(rows[:2], 3)
    assert torch.equal(torch.get_rng_state(), before)  # nobody else's draws are touched
    assert model.answer(rows[:1], 3)[0] == first[0]
    assert first[0] is not None and first[1] is not None
    assert [len(answers) for answers in (first[0], first[1])] == [4, 4]
    assert len({answer.text for answer in first[0][1:]}) > 1
    assert first[0][1:] != first[1][1:]


def test_an_adapter_answers_as_its_base_with_the_adapter_in_it(tiny: Path, tmp_path: Path, rows: list[Row]) -> None:
    torch.manual_seed(0)
    adapted = get_peft_model(load_model(str(tiny)), LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, weights in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weights, std=0.3)
    adapted.save_pretrained(tmp_path)
    from trainer.models import load_processor

    load_processor(str(tiny)).save_pretrained(tmp_path)
    found = LocalModel(str(tmp_path), CPU, max_tokens=8, max_pixels=56 * 56)
    base = LocalModel(str(tiny), CPU, max_tokens=8, max_pixels=56 * 56)
    with torch.no_grad():
        inputs = found._encode(rows[:1])
        logits = [m(**inputs).logits for m in (found.model, adapted.eval(), base.model)]
    assert torch.allclose(logits[0], logits[1], atol=1e-4)
    assert not torch.allclose(logits[0], logits[2], atol=1e-2)


def test_a_tokenizer_that_joins_the_digit_with_its_neighbour_is_refused(model: LocalModel) -> None:
    ids = model.processor.tokenizer("<answer>Score: 3.4</answer>", add_special_tokens=False)["input_ids"]
    text = model._decode(ids)
    assert model._decode(ids[: model._token_at(ids, text, 15)]) == "<answer>Score: "
    with pytest.raises(UserError, match="joins digits"):
        model._token_at(ids, text, 9)  # the o of Score, inside a token


@pytest.mark.parametrize("family", ["Qwen3-VL", "InternVL"])
def test_other_families_answer_about_two_images_at_once(family: str, families: dict[str, Path], pictures: Path) -> None:
    model = LocalModel(str(families[family]), torch.device("cpu"), 4, 10**6)
    rows = pairs.PairRows(pairs.read(pictures / "pairs.csv"), model.grid)
    answers = model.answer([rows[0], rows[2]], 0)
    assert [len(found or ()) for found in answers] == [1, 1]
    asked = scoring.suite(read_csv(pictures / "rated.csv", 0, 5), "think", model.grid).rows[0]
    assert sum(model.digit_probabilities(asked, [20, 21], 2)) == pytest.approx(1)
