"""The detect stage's threshold, and what its key depends on."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from perception20k.config import Annotations, Config, Describe, Detect, Filters, Objects
from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.models.weights import revision_of
from perception20k.pipeline.stages.describe import Named
from perception20k.pipeline.stages.detect import DetectClassesStage, DetectStage, confident, salient
from perception20k.pipeline.stages.sources import Candidate
from perception20k.publish.provenance import objects_note, objects_sentence
from tests.perception20k.hub import Hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(tmp_path / "hub", monkeypatch)


def test_a_box_that_is_not_sure_enough_is_dropped_with_its_score() -> None:
    found = [
        {"name": "dog", "box": [1, 2, 30, 40], "score": 0.35},
        {"name": "red car", "box": [5, 6, 70, 80], "score": 0.349},
    ]
    kept, dropped = confident(found, 0.35)
    assert kept == (SceneObject("dog", (1, 2, 30, 40), 0.35),)
    assert dropped == [("red car", Reason("low_confidence", "its best box scores 0.35, under 0.35", 0.349))]


def test_the_notes_say_who_named_and_who_boxed_without_a_path_of_this_machine(tmp_path: Path) -> None:
    config = Config(("photos",), None, Describe(model="m"), Detect("/home/me/dino", threshold=0.4))
    assert objects_sentence(config) == (
        "Objects were named by gemini m (prompt `objects.v1`) and boxed by dino "
        "(revision `unknown: the folder is gone`), with a score of 0.4 or more."
    )
    assert objects_note(Config(("photos",), Annotations("/x/coco.json"))) == {"annotations": "coco.json"}


def test_the_notes_give_the_revisions_of_both_models(tmp_path: Path) -> None:
    for name in ("vlm", "dino"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(name)
    vlm, dino = (revision_of(str(tmp_path / name), "main", "x") for name in ("vlm", "dino"))
    config = Config(("photos",), None, Describe("local", str(tmp_path / "vlm")), Detect(str(tmp_path / "dino")))
    note = objects_note(config)
    assert (note["named_by_revision"], note["boxed_by_revision"]) == (vlm, dino) and vlm != dino
    assert f"local vlm (revision `{vlm}`, prompt `objects.v1`)" in objects_sentence(config)
    assert f"boxed by dino (revision `{dino}`)" in objects_sentence(config)


def test_a_model_that_the_hub_alone_knows_is_said_to_be_unknown(hub: Hub) -> None:
    config = Config(("photos",), None, Describe(model="m"), Detect("lab/dino"))
    assert objects_note(config)["boxed_by_revision"] == "main, commit unknown"
    commit = hub.add("lab/dino", {"config.json": "{}"})
    assert objects_note(config)["boxed_by_revision"] == commit


def test_a_model_is_looked_for_when_an_image_is_worked_on_and_not_before(hub: Hub) -> None:
    stage = DetectStage(Detect("lab/dino"))
    item = Named(Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a")), ("dog", "car"))
    assert stage.key(item)  # nothing is known of it, so it is due
    with pytest.raises(UserError, match="detect: the model 'lab/dino'"):
        pickle.loads(pickle.dumps(stage)).setup()
    hub.add("lab/dino", {"config.json": "{}"})
    assert DetectStage(Detect("lab/dino")).key(item) != stage.key(item)


def test_the_key_knows_image_phrases_and_weights_and_not_the_threshold(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    candidate = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    one, two = Named(candidate, ("dog", "car")), Named(candidate, ("car", "dog"))
    stage = DetectStage(Detect(str(tmp_path), threshold=0.2))
    assert stage.key(one) == DetectStage(Detect(str(tmp_path), threshold=0.9)).key(one) != stage.key(two)
    (tmp_path / "config.json").write_text("{ }")
    assert DetectStage(Detect(str(tmp_path))).key(one) != stage.key(one)


def found(**boxes: tuple[list[int], float]) -> list[dict[str, object]]:
    return [{"name": name, "box": box, "score": score} for name, (box, score) in boxes.items()]


PHOTO = Source("0" * 16, "f", "d", 640, 480, "a")
FOUND = found(
    person=([10, 10, 110, 110], 0.9),
    sofa=([200, 100, 600, 400], 0.8),
    bed=([205, 100, 600, 405], 0.7),  # the sofa again, by another name
    lamp=([300, 10, 400, 90], 0.4),
)


def test_of_what_a_detector_finds_the_confident_stay_the_largest_first() -> None:
    kept, dropped = salient(PHOTO, FOUND, Objects("m"), Filters())
    assert [item.name for item in kept] == ["sofa", "person"]
    assert kept[0] == SceneObject("sofa", (200, 100, 600, 400), 0.8)
    [(name, reason)] = dropped  # what was not sure is no object, and no row of the quarantine either
    assert (name, reason.rule) == ("bed", "overlap") and reason.text.startswith("overlaps 'sofa'")


def test_classes_threshold_and_number_of_objects_are_applied_to_what_was_found() -> None:
    def names(**changes: Any) -> list[str]:
        return [item.name for item in salient(PHOTO, FOUND, Objects("m", **changes), Filters())[0]]

    assert names(classes=("bed", "person")) == ["bed", "person"]
    assert names(threshold=0.4) == ["sofa", "person", "lamp"]
    assert names(threshold=0.85) == ["person"]
    assert names(max_objects=1) == ["person"]
    assert names(classes=("horse",)) == []


def test_a_class_whose_name_no_prompt_can_hold_is_dropped_with_the_reason() -> None:
    kept, dropped = salient(PHOTO, found(**{"x" * 81: ([10, 10, 110, 110], 0.9)}), Objects("m"), Filters())
    assert kept == () and [reason.rule for _, reason in dropped] == ["bad_name"]


def test_the_key_of_a_detector_of_classes_knows_image_and_weights_alone(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    item = Candidate(Path("a"), PHOTO)
    stage = DetectClassesStage(Objects(str(tmp_path), threshold=0.2))
    same = DetectClassesStage(Objects(str(tmp_path), threshold=0.9, classes=("dog",), max_objects=2))
    assert stage.key(item) == same.key(item) != DetectStage(Detect(str(tmp_path))).key(Named(item, ("dog",)))
    (tmp_path / "config.json").write_text("{ }")
    assert DetectClassesStage(Objects(str(tmp_path))).key(item) != stage.key(item)
