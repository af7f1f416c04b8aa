"""A tiny random Grounding DINO through the true classes of transformers."""

from pathlib import Path

import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.detectors import grounding_dino
from perception20k.models.detectors.grounding_dino import GroundingDino
from tests.tiny_models import build_tiny_dino

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_dino(tmp_path_factory.mktemp("tiny") / "dino")


def test_the_best_box_of_each_phrase_is_the_one_transformers_itself_finds(model: Path, photos: Path) -> None:
    import torch
    from PIL import Image
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    photo = images.decode((photos / "salon.png").read_bytes())
    height, width = photo.shape[:2]
    [found] = GroundingDino(str(model), "").find([photo], [("red cup", "dog")])
    processor, plain = AutoProcessor.from_pretrained(model), AutoModelForZeroShotObjectDetection.from_pretrained(model)
    for best, phrase in zip(found, ("red cup", "dog"), strict=True):
        inputs = processor(images=Image.fromarray(photo), text=f"{phrase}.", return_tensors="pt")
        with torch.inference_mode():
            outputs = plain(**inputs)
        [every] = processor.post_process_grounded_object_detection(
            outputs, inputs.input_ids, threshold=0.0, text_threshold=0.0, target_sizes=[(height, width)]
        )
        ours = [k for k, score in enumerate(every["scores"].tolist()) if round(score, 4) == best.score]
        assert best.score == round(float(every["scores"].max()), 4)
        edges = [[round(float(v), 2) for v in every["boxes"][k]] for k in ours]
        x1, y1, x2, y2 = best.box
        assert any(
            x1 <= max(0, e[0]) < x1 + 1.01 and y1 <= max(0, e[1]) < y1 + 1.01
            and x2 - 1.01 < min(width, e[2]) <= x2 and y2 - 1.01 < min(height, e[3]) <= y2
            for e in edges
        )  # fmt: skip
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height


def test_a_batch_finds_what_is_found_one_by_one(model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = GroundingDino(str(model), "")
    salon = images.decode((photos / "salon.png").read_bytes())
    batch = [salon, np.ascontiguousarray(salon[::-1]), np.ascontiguousarray(salon[:, :300]), salon[:200, :300]]
    phrases = [("red cup", "dog"), ("dog", "lamp", "red chair"), (), ("red lamp",)]
    alone = [
        [detector.find([image], [[phrase]])[0][0] for phrase in named]
        for image, named in zip(batch, phrases, strict=True)
    ]
    assert detector.find(batch, phrases) == alone and len({found.box for row in alone for found in row}) > 2
    assert detector.find([], []) == []
    monkeypatch.setattr(grounding_dino, "TOGETHER", 2)
    assert detector.find(batch, phrases) == alone


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"detect: .*cannot be loaded") as caught:
        GroundingDino(str(tmp_path), "")
    assert "\n" not in str(caught.value)
