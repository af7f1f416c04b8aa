"""The detect stage's threshold, and what its key depends on."""

from pathlib import Path

from perception20k.config import Annotations, Config, Describe, Detect
from perception20k.records import SceneObject, Source
from perception20k.stages.describe import Named
from perception20k.stages.detect import DetectStage, confident, objects_note, objects_sentence
from perception20k.stages.sources import Candidate


def test_a_box_that_is_not_sure_enough_is_dropped_with_its_score() -> None:
    found = [
        {"name": "dog", "box": [1, 2, 30, 40], "score": 0.35},
        {"name": "red car", "box": [5, 6, 70, 80], "score": 0.349},
    ]
    kept, dropped = confident(found, 0.35)
    assert kept == (SceneObject("dog", (1, 2, 30, 40), 0.35),)
    assert dropped == [("red car", "its best box scores 0.35, under 0.35")]


def test_the_notes_say_who_named_and_who_boxed_without_a_path_of_this_machine() -> None:
    config = Config(("photos",), None, Describe(model="m"), Detect("/home/me/dino", threshold=0.4))
    assert objects_sentence(config) == (
        "Objects were named by gemini m (prompt `objects.v1`) and boxed by dino, with a score of 0.4 or more."
    )
    assert objects_note(Config(("photos",), Annotations("/x/coco.json"))) == {"annotations": "coco.json"}


def test_the_key_knows_image_phrases_and_weights_and_not_the_threshold(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    candidate = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    one, two = Named(candidate, ("dog", "car")), Named(candidate, ("car", "dog"))
    stage = DetectStage(Detect(str(tmp_path), threshold=0.2))
    assert stage.key(one) == DetectStage(Detect(str(tmp_path), threshold=0.9)).key(one) != stage.key(two)
    (tmp_path / "config.json").write_text("{ }")
    assert DetectStage(Detect(str(tmp_path))).key(one) != stage.key(one)
