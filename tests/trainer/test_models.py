"""Processors and models: what is loaded, what is refused before any weight is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import CLIPImageProcessor, LlavaProcessor

from perception20k.core.errors import UserError
from trainer import models
from trainer.data.boxes import scale_box
from trainer.data.shards import ShardRows
from trainer.training.rewards.grounding import grounding

pytestmark = pytest.mark.slow


def without_weights(tiny: Path, folder: Path) -> Path:
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").unlink()
    return folder


def test_the_grid_is_the_processors_and_the_budget_only_shrinks(tiny: Path) -> None:
    assert models.grid_of(models.load_processor(str(tiny))).max_pixels == 56 * 56
    assert models.grid_of(models.load_processor(str(tiny), 28 * 28)).max_pixels == 28 * 28
    assert models.grid_of(models.load_processor(str(tiny), 1920 * 1080)).max_pixels == 56 * 56


def test_a_fitted_image_is_left_as_it_is_by_the_processor(processor: Any) -> None:
    grid = models.grid_of(processor)
    image = grid.resize(Image.new("RGB", (300, 200)))
    found = processor.image_processor(images=[image], return_tensors="pt")["image_grid_thw"][0].tolist()
    assert found == [1, image.height // 14, image.width // 14]


FAMILIES = ("Qwen2.5-VL", "Qwen3-VL", "InternVL")


@pytest.mark.parametrize("family", FAMILIES)
def test_no_image_takes_more_tokens_than_its_family_says(family: str, families: dict[str, Path]) -> None:
    processor = models.load_processor(str(families[family]), 1920 * 1080)
    known = models.family_of(processor)
    assert known.name == family
    place = processor.tokenizer.convert_tokens_to_ids(known.image_token)
    for size in ((8, 8), (300, 200), (30, 300)):
        image = models.grid_of(processor).resize(Image.new("RGB", size))
        text = processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}]}], tokenize=False, add_generation_prompt=True
        )
        ids = processor(text=[text], images=[image])["input_ids"][0]
        assert 0 < list(ids).count(place) <= models.visual_tokens(processor)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_perfect_box_earns_everything_in_the_frame_of_its_family_alone(
    family: str, families: dict[str, Path], built_dataset: Path
) -> None:
    grid = models.grid_of(models.load_processor(str(families[family])))
    assert grid.thousandths == (family != "Qwen2.5-VL")
    rows = ShardRows(built_dataset, "train", grid)
    row = next(row for row in map(rows.__getitem__, range(len(rows.datasets))) if row["task"] == "grounding")
    answered = [f"<answer>{row['solution']}</answer>"]
    assert grounding(answered, task=["grounding"], box=[row["box"]])[0] == pytest.approx(1, abs=0.2)
    if grid.thousandths:
        pixels = scale_box(row["box"], row["frame"], row["images"][-1].size)
        wrong = [f"<answer>{','.join(str(round(side)) for side in pixels)}</answer>"]
        assert grounding(wrong, task=["grounding"], box=[row["box"]])[0] < 0.1


def test_the_budget_caps_the_tiles_of_an_image(families: dict[str, Path]) -> None:
    folder = str(families["InternVL"])
    assert models.load_processor(folder, 28 * 28).image_processor.max_patches == 1
    assert models.load_processor(folder, 10**9).image_processor.max_patches == 2


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen2.5-VL"),
        ("qwen2-vl-7b", "Qwen2-VL"),
        ("OpenGVLab/InternVL3-8B-hf", "InternVL"),
        ("gpt-4o", None),
    ],
)
def test_a_name_may_tell_the_family(name: str, family: str | None) -> None:
    found = models.family_named(name)
    assert (found and found.name) == family


def test_an_unknown_family_is_refused_with_the_known_ones(processor: Any, tmp_path: Path) -> None:
    LlavaProcessor(CLIPImageProcessor(), processor.tokenizer, patch_size=14).save_pretrained(tmp_path)
    with pytest.raises(
        UserError, match=r"LlavaProcessor: not a supported model family. Known: Qwen2.5-VL \(Qwen2_5_VLProcessor\), "
    ):
        models.load_processor(str(tmp_path))


@pytest.mark.parametrize("part", ["image_processor", "video_processor"])
def test_a_checkpoint_without_an_image_or_video_processor_is_refused(part: str, tiny: Path, tmp_path: Path) -> None:
    broken = without_weights(tiny, tmp_path / "broken")
    config = broken / "processor_config.json"
    kept = {key: value for key, value in json.loads(config.read_text()).items() if key != part}
    config.write_text(json.dumps(kept))
    with pytest.raises(UserError, match="processor"):
        models.load_processor(str(broken))


def test_a_bare_tokenizer_is_refused(tiny: Path, tmp_path: Path) -> None:
    broken = without_weights(tiny, tmp_path / "broken")
    (broken / "processor_config.json").unlink()
    with pytest.raises(UserError, match="processor"):
        models.load_processor(str(broken))


def test_nothing_there_is_one_clear_line(tmp_path: Path) -> None:
    for load in (models.load_processor, models.load_model):
        with pytest.raises(UserError) as error:
            load(str(tmp_path / "none"))
        assert str(error.value).startswith(str(tmp_path / "none"))
        assert "\n" not in str(error.value)


def test_an_adapter_is_merged_into_its_base(tiny: Path, tmp_path: Path, processor: Any) -> None:
    base = models.load_model(str(tiny))
    adapted = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    inputs = {"input_ids": torch.tensor([[20, 21, 22]])}
    expected = adapted.eval()(**inputs).logits
    merged = models.load_model(str(tmp_path / "adapter")).eval()
    assert torch.allclose(merged(**inputs).logits, expected, atol=1e-5)
    assert not torch.allclose(models.load_model(str(tiny)).eval()(**inputs).logits, expected, atol=1e-5)
    whole = models.plain_model(str(tmp_path / "adapter"), tmp_path / "start", processor)
    assert torch.allclose(models.load_model(whole).eval()(**inputs).logits, expected, atol=1e-5)
    assert models.plain_model(str(tiny), tmp_path / "other", processor) == str(tiny)
    assert not (tmp_path / "other").exists()
