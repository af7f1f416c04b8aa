"""Tiny random RT-DETR, D-FINE and DETR through the true classes of transformers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perception20k.config import LEAST_SCORE, Objects
from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.imaging.images import Array
from perception20k.models.detectors.class_detector import ClassDetector, check_detector
from tests.perception20k.hub import Hub
from tests.tiny_models import build_tiny_detector, build_tiny_dino

KINDS = ("rt_detr_v2", "d_fine", "detr")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detectors")
    for kind in KINDS:
        build_tiny_detector(folder / kind, kind)
    return folder


@pytest.fixture(scope="module")
def three(photos: Path) -> list[Array]:
    """Two photos of one shape, and one of another."""
    salon, tulips = (images.decode((photos / name).read_bytes()) for name in ("salon.png", "tulips.png"))
    return [salon, tulips, salon[::-1].copy()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_best_box_of_each_class_is_the_one_transformers_itself_finds(
    models: Path, three: list[Array], kind: str
) -> None:
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    found = ClassDetector(str(models / kind), "").find(three)
    processor = AutoImageProcessor.from_pretrained(models / kind)
    plain = AutoModelForObjectDetection.from_pretrained(models / kind).eval()
    for image, ours in zip(three, found, strict=True):
        height, width = image.shape[:2]
        with torch.inference_mode():
            outputs = plain(**processor(images=Image.fromarray(image), return_tensors="pt"))
        [every] = processor.post_process_object_detection(outputs, LEAST_SCORE, target_sizes=[(height, width)])
        scores: dict[str, float] = {}
        for label, score in zip(every["labels"].tolist(), every["scores"].tolist(), strict=True):
            name = plain.config.id2label[label]
            scores[name] = max(scores.get(name, 0), score)
        assert {name: best.score for name, best in ours.items()} == pytest.approx(scores, abs=1e-4) and ours
        assert list(ours) == sorted(ours, key=lambda name: -ours[name].score)
        for best in ours.values():
            x1, y1, x2, y2 = best.box
            assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
            near = [
                box
                for box, score in zip(every["boxes"].tolist(), every["scores"].tolist(), strict=True)
                if abs(score - best.score) < 1e-4
                and all(
                    abs(a - b) <= 1.01 or a in (0, width, height) for a, b in zip(best.box, box, strict=True)
                )  # rounded outwards, or clipped
            ]
            assert near


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_found_does_not_depend_on_the_other_images(models: Path, three: list[Array], kind: str) -> None:
    detector = ClassDetector(str(models / kind), "")
    together, alone = detector.find(three), [detector.find([image])[0] for image in three]
    for one, other in zip(together, alone, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert one[name].score == pytest.approx(other[name].score, abs=2e-4)
            assert one[name].box == pytest.approx(other[name].box, abs=1)


@pytest.mark.slow
def test_classes_without_a_name_are_not_objects(tmp_path: Path, three: list[Array]) -> None:
    build_tiny_detector(tmp_path, names=("dog", "N/A", "LABEL_2"))  # the one that finds cups and chairs
    assert ClassDetector(str(tmp_path), "").find(three) == [{}, {}, {}]


@pytest.mark.slow
def test_a_folder_without_weights_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"objects: .*cannot be loaded") as caught:
        ClassDetector(str(tmp_path), "")
    assert "\n" not in str(caught.value)


def write_config(folder: Path, **values: object) -> str:
    (folder / "config.json").write_text(json.dumps(values))
    return str(folder)


RTDETR = {
    "model_type": "rt_detr_v2",
    "architectures": ["RTDetrV2ForObjectDetection"],
    "id2label": {"0": "dog", "1": "cat", "2": "N/A"},
}


def test_a_detector_that_knows_the_classes_passes_by_its_config_alone(tmp_path: Path) -> None:
    check_detector(Objects(write_config(tmp_path, **RTDETR), classes=("dog", "cat")))
    check_detector(Objects(str(tmp_path)))
    write_config(tmp_path, model_type="grounding-dino", architectures=["GroundingDinoForObjectDetection"])
    check_detector(Objects(str(tmp_path), phrases=("dog", "red car")))


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({}, {"classes": ("dogg", "cat")}, "does not know the class 'dogg'. Did you mean 'dog'?"),
        ({}, {"classes": ("N/A", "cat")}, "does not know the class 'N/A'. Known: dog, cat"),
        ({}, {"phrases": ("dog", "cat")}, "is not a Grounding DINO, which 'phrases' are for, but 'rt_detr_v2'"),
        ({"architectures": ["ViTForImageClassification"], "model_type": "vit"}, {}, "is not an object detector: its"),
        ({"architectures": None, "model_type": "bert"}, {}, "is not an object detector: its model type is 'bert'"),
        ({"model_type": "grounding-dino"}, {}, "has no classes of its own. List what it looks for as 'phrases'"),
        ({"id2label": {"0": "LABEL_0"}}, {}, "has no names for its classes"),
    ],
)
def test_a_model_that_cannot_do_it_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, object], asked: dict[str, tuple[str, ...]], message: str
) -> None:
    model = write_config(tmp_path, **RTDETR | changes)
    with pytest.raises(UserError, match=r"^objects: ") as caught:
        check_detector(Objects(model, **asked))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_without_a_model_and_a_model_that_nobody_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Hub(tmp_path / "hub", monkeypatch)
    with pytest.raises(UserError, match=r"objects: .* is not a model: config.json"):
        check_detector(Objects(str(tmp_path)))
    with pytest.raises(UserError, match=r"objects: the model 'lab/none' \(revision main\) could not be found"):
        check_detector(Objects("lab/none"))
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match=r"config\.json is not a JSON object"):
        check_detector(Objects(str(tmp_path)))


def test_a_model_of_the_hub_is_known_by_its_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Hub(tmp_path / "hub", monkeypatch).add("lab/detector", {"config.json": json.dumps(RTDETR)})
    with pytest.raises(UserError, match="objects: lab/detector does not know the class 'horse'"):
        check_detector(Objects("lab/detector", classes=("horse", "cat")))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perception20k.core.extras.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"objects needs the package 'torch'.*perception20k\[models\]"):
        check_detector(Objects(write_config(tmp_path, **RTDETR)))


@pytest.mark.slow
def test_what_transformers_saves_is_what_the_check_reads(models: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        check_detector(Objects(str(models / kind), classes=("dog", "chair")))
    check_detector(Objects(str(build_tiny_dino(tmp_path / "dino")), phrases=("dog",)))
