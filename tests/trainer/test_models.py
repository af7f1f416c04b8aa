"""Processors and models: what is loaded, what is refused before any weight is read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from perception20k.core.errors import UserError
from trainer import models


def without_weights(tiny: Path, folder: Path) -> Path:
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").unlink()
    return folder


def test_the_grid_is_the_processors_and_the_budget_only_shrinks(tiny: Path) -> None:
    assert models.grid_of(models.load_processor(str(tiny))).max_pixels == 56 * 56
    assert models.grid_of(models.load_processor(str(tiny), 28 * 28)).max_pixels == 28 * 28
    assert models.grid_of(models.load_processor(str(tiny), 1920 * 1080)).max_pixels == 56 * 56


def test_a_fitted_image_is_left_as_it_is_by_the_processor(processor: Any) -> None:
    from PIL import Image

    grid = models.grid_of(processor)
    image = grid.resize(Image.new("RGB", (300, 200)))
    found = processor.image_processor(images=[image], return_tensors="pt")["image_grid_thw"][0].tolist()
    assert found == [1, image.height // 14, image.width // 14]


@pytest.mark.parametrize(("family", "step", "thousandths"), [("Qwen2VL", 28, True), ("Qwen3VL", 32, True)])
def test_a_familys_grid_and_frame_come_from_its_processor(
    family: str, step: int, thousandths: bool, processor: Any, tmp_path: Path
) -> None:
    import transformers

    images = transformers.Qwen2VLImageProcessor(
        patch_size=step // 2, size={"shortest_edge": step**2, "longest_edge": 12 * step**2}
    )
    videos = transformers.Qwen2VLVideoProcessor if family == "Qwen2VL" else transformers.Qwen3VLVideoProcessor
    kind = getattr(transformers, f"{family}Processor")
    kind(
        image_processor=images,
        tokenizer=processor.tokenizer,
        video_processor=videos(),
        chat_template=processor.chat_template,
    ).save_pretrained(tmp_path)
    grid = models.grid_of(models.load_processor(str(tmp_path)))
    assert (grid.step, grid.max_pixels, grid.thousandths) == (step, 12 * step**2, thousandths)
    assert not models.grid_of(processor).thousandths  # Qwen2.5-VL answers in pixels


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    class InternVLProcessor:
        image_processor = None

    with pytest.raises(UserError, match=r"InternVLProcessor: no family .* Known: Qwen2_5_VLProcessor, "):
        models.grid_of(InternVLProcessor())


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


def test_a_light_install_is_told_which_extra_it_needs(tmp_path: Path) -> None:
    script = tmp_path / "light.py"
    script.write_text(
        "import sys\n"
        "sys.modules['trl'] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'trl' else find(name, *rest)\n"
        "from perception20k.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    for arguments in (
        ["train", "refine-iqa-stage1", "--data", "d", "--model", "m", "--out", "o"],
        ["curves", "run"],
    ):
        command = [sys.executable, script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == (
            "perception20k: training needs trl, which is not installed. Install perception20k[train]\n"
        )
