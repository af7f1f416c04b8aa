"""Q-Align truly run, with the true classes and a tiny random model, under the pinned versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.imaging.images import Array
from perception20k.models.metrics import METRICS
from perception20k.models.metrics.qalign import LEVELS, MODEL
from tests.perception20k.hub import Hub
from tests.perception20k.models.metrics.tiny_one_align import build_tiny_one_align

load = METRICS["qalign"].load


@pytest.fixture(scope="module")
def one_align(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A tiny one-align on disk, and the same model as it was made."""
    folder = tmp_path_factory.mktemp("one-align")
    return folder, build_tiny_one_align(folder)


@pytest.fixture(scope="module")
def batch(photos: Path) -> list[Array]:
    """Photos of three sizes and shapes."""
    names = {"nuthatch.jpg": (200, 300), "salon.png": (300, 200), "tulips.png": (150, 150)}
    return [images.decode((photos / name).read_bytes())[:h, :w] for name, (h, w) in names.items()]


def test_photos_of_any_shape_are_scored_in_one_batch_as_one_by_one(
    one_align: tuple[Path, Any], batch: list[Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = one_align
    score = load("qalign", Hub(tmp_path, monkeypatch).add_folder(MODEL, folder))
    together = score(batch)
    assert together == pytest.approx([score([image])[0] for image in batch], abs=1e-3)
    assert all(1 <= value <= 5 for value in together)
    assert len({round(value, 3) for value in together}) > 1
    assert score([]) == []
    # against the model as it was made: the mean of 5 to 1 under the softmax over the five words
    expected = [_by_hand(model, folder, image) for image in batch]
    assert together == pytest.approx(expected, abs=5e-3)


def test_the_model_is_of_the_commit_that_its_scores_are_kept_under(
    one_align: tuple[Path, Any], batch: list[Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_tiny_one_align(tmp_path / "other", seed=1)
    hub = Hub(tmp_path / "hub", monkeypatch)
    commits = [hub.add_folder(MODEL, folder) for folder in (one_align[0], tmp_path / "other")]
    old, new = (load("qalign", commit)(batch[:1])[0] for commit in commits)
    assert abs(old - new) > 1e-3


def test_a_model_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Hub(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="score: qalign cannot be loaded") as caught:
        load("qalign", "0" * 40)
    assert "\n" not in str(caught.value)


def _by_hand(model: Any, folder: Path, image: Array) -> float:
    import torch
    from PIL import Image
    from transformers import CLIPImageProcessor, LlamaTokenizer

    tokenizer, processor = LlamaTokenizer.from_pretrained(folder), CLIPImageProcessor.from_pretrained(folder)
    height, width = image.shape[:2]
    side = max(height, width)
    square = Image.new("RGB", (side, side), (122, 116, 104))  # CLIP's mean, 0.48145 0.45783 0.40821 of 255
    square.paste(Image.fromarray(image), ((side - width) // 2, (side - height) // 2))
    before = tokenizer("USER: How would you rate the quality of this image?\n", add_special_tokens=False)["input_ids"]
    after = tokenizer("\nASSISTANT: The quality of the image is", add_special_tokens=False)["input_ids"]
    ids = torch.tensor([[1, *before, -200, *after]])
    pixels = processor(square, return_tensors="pt")["pixel_values"].half()
    with torch.inference_mode():
        logits = model.eval()(input_ids=ids, images=pixels, return_dict=True)["logits"][0, -1].float()
    raised = np.exp([float(logits[tokenizer.convert_tokens_to_ids(f"▁{word}")]) for word in LEVELS])
    return float(np.dot(raised / raised.sum(), [5, 4, 3, 2, 1]))
