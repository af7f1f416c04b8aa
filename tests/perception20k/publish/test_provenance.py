"""What is said of metrics and models."""

from perception20k.config import Annotations, Config, Describe, Detect, Objects, Score
from perception20k.publish.provenance import metric_notes, objects_note, objects_sentence


def test_a_metric_has_its_rule_and_licence_and_a_table_that_of_its_range() -> None:
    known, table = metric_notes((Score("brisque", 50), Score("mine", 3, "scores/mine.csv", (5, 1))))
    assert (known["name"], known["min"], known["rule"]) == ("brisque", 50, "100 is 0, 0 is 100, linear, clipped")
    assert known["licence"] == "Apache-2.0"
    assert (table["rule"], table["revision"]) == ("5 is 0, 1 is 100, linear, clipped", "the user's table mine.csv")
    assert metric_notes(None) == []


def test_annotations_are_named_without_the_folder_they_lie_in() -> None:
    assert objects_note(Config(("a",), Annotations("/home/me/instances.json"))) == {"annotations": "instances.json"}


def test_models_are_named_with_prompt_threshold_and_revision() -> None:
    config = Config(("a",), describe=Describe(model="gemini-x"), detect=Detect("org/dino", "abc", 0.3))
    note = objects_note(config)
    assert (note["named_by"], note["boxed_by"], note["threshold"]) == ("gemini gemini-x", "org/dino", 0.3)
    assert "named_by_revision" not in note  # an API has none
    said = objects_sentence(config)
    assert "gemini gemini-x" in said and f"`{note['prompt']}`" in said and "0.3 or more" in said


def test_a_detector_that_works_alone_is_named_with_what_it_looked_for() -> None:
    config = Config(("a",), objects=Objects("org/rtdetr", "abc", classes=("dog", "cat")))
    assert objects_note(config) == {
        "found_by": "org/rtdetr",
        "found_by_revision": "abc, commit unknown",
        "threshold": 0.5,
        "classes": ["dog", "cat"],
    }
    assert objects_sentence(config) == (
        "Objects were found by org/rtdetr (revision `abc, commit unknown`), looking for ‘dog’ and ‘cat’, "
        "with a score of 0.5 or more."
    )
    said = objects_sentence(Config(("a",), objects=Objects("org/rtdetr", "abc", 0.3)))
    assert said.endswith("of all its classes, with a score of 0.3 or more.")
