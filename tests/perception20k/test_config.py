import dataclasses
from pathlib import Path

import pytest

from perception20k.annotations import FORMATS
from perception20k.config import Annotations, Config, Objects, Score, default_config, load_config
from perception20k.core.errors import UserError
from perception20k.saved_config import dump_config, portable

FIRST = """\
sources: [photos/]
annotations: {coco: photos/instances.json}
score: null                 # or a list of {metric: ..., min: 80}
samples_per_object: 4
seed: 3
"""


def load(folder: Path, text: str) -> object:
    (folder / "my.yaml").write_text(text)
    return load_config(folder / "my.yaml")


def test_a_first_config_is_read_with_paths_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(FIRST)
    config = load_config(tmp_path / "my.yaml")
    assert config.sources == (str(tmp_path / "photos"),)
    assert config.annotations.coco == str(tmp_path / "photos" / "instances.json")
    assert config.score is None
    assert (config.samples_per_object, config.seed, config.preset) == (4, 3, "refine-iqa")


def test_models_can_name_and_box_the_objects(tmp_path: Path) -> None:
    (tmp_path / "dino").mkdir()
    text = "sources: [photos/]\ndescribe: {calls: {max_requests: 9}}\ndetect: {model: dino, threshold: 0.5}\n"
    config = load(tmp_path, text)
    assert isinstance(config, Config) and config.describe is not None and config.detect is not None
    assert (config.describe.backend, config.describe.model) == ("gemini", "gemini-2.5-pro")
    assert config.detect.model == str(tmp_path / "dino")
    assert [score.metric for score in config.score or ()] == ["qalign", "dbcnn", "hyperiqa"]


def test_every_format_of_annotations_has_its_key(tmp_path: Path) -> None:
    assert {field.name for field in dataclasses.fields(Annotations)} == set(FORMATS)
    for key in FORMATS:
        config = load(tmp_path, f"sources: [photos/]\nannotations: {{{key}: boxes}}\n")
        assert isinstance(config, Config) and config.annotations is not None
        assert config.annotations.given == (key, str(tmp_path / "boxes"))
        assert f"annotations:\n  {key}: {tmp_path / 'boxes'}\n" in dump_config(config)
        assert f"annotations:\n  {key}: boxes\n" in dump_config(portable(config))


def test_the_embedded_default_is_valid_and_names_no_machine_path() -> None:
    config = default_config()
    assert all(source.startswith("package:") for source in config.sources)
    assert config.score == (Score("brisque", 50.0),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sample_per_object: 2", "unknown key 'sample_per_object'. Did you mean 'samples_per_object'?"),
        ("filters: {max_bx: 1}", "filters: unknown key 'max_bx'. Did you mean 'max_box'?"),
        ("samples_per_object: two", "samples_per_object: expected int, not 'two'"),
        ("samples_per_object: true", "samples_per_object: expected int, not True"),
        ("samples_per_object: 0", "samples_per_object must be at least 1, not 0"),
        ("test_fraction: 1.0", "test_fraction must be below 1, not 1.0"),
        ("preset: refine", "unknown preset 'refine'. Did you mean 'refine-iqa'?"),
        ("image_format: jpeg", "image_format: unknown value 'jpeg'. Known: webp, png"),
        ("seed: -1", "seed must be at least 0, not -1"),
        ("score: [{min: 80}]", "the key 'metric' is missing"),
        ("score: brisque", "score: expected a list, not 'brisque'"),
        ("filters: {min_box: 0.95}", "filters: min_box must be below max_box"),
        ("score: [{metric: a, table: t.csv, range: [1]}]", "score[0]: range: expected 2 values, not [1]"),
        ("score: [{metric: a, table: t.csv, range: [1, 1]}]", "score: range must be two different values"),
        ("score: [{metric: piqe}, {metric: piqe}]", "score must be of different metrics"),
        ("score: [{metric: piqe, min: .nan}]", "score[0]: min must be a finite number"),
        ("score: [{metric: a, table: t.csv, range: [0, .inf]}]", "score[0]: range[1] must be a finite number"),
        ("filters: {min_delta_e: .inf}", "filters: min_delta_e must be a finite number"),
        ("rft_per_sample: .nan", "rft_per_sample must be a finite number"),
        ("sources: [~no-such-user/x]", "'~no-such-user/x' is not a path: Could not determine home directory."),
        ("sources: ['https://me:secret@lab.org/x']", "https://...: a source's URL must not hold a password"),
        ("sources: [loop/x]", "'loop/x' is not a path: Symlink loop from"),
        ("annotations: {coco: a.json, voc: b}", "annotations: give exactly one format. Known: coco, lvis, voc, yolo"),
        ("annotations: {}", "annotations: give exactly one format"),
        ("annotations: {yolov8: a}", "annotations: unknown key 'yolov8'. Did you mean 'yolo'?"),
        ("annotations: {parquet: a}", "Did you mean 'parquet_xywh' or 'parquet_xyxy' or 'parquet_cxcywh'?"),
        ("annotations: {coco: loop/x}", "'loop/x' is not a path"),
        ('sources: ["a\\0b"]', "is not a path: embedded null byte"),
        ("describe: {}", "objects come from 'annotations', from 'objects', or from 'describe' and 'detect' together"),
        ("objects: {model: a}", "objects come from 'annotations', from 'objects', or from 'describe'"),
        (
            "annotations: null",
            "objects come from 'annotations', from 'objects', or from 'describe' and 'detect' together",
        ),
    ],
)
def test_a_bad_value_is_one_line_with_file_and_key(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    key = line.split(":")[0]
    rest = "\n".join(part for part in FIRST.splitlines() if not part.startswith(key + ":"))
    with pytest.raises(UserError, match=r"my\.yaml") as caught:
        load(tmp_path, f"{rest}\n{line}\n")
    assert message in str(caught.value)
    assert caught.value.code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("backend: openai, thinking_budget: 0", "describe: thinking_budget must be left out: only Gemini has it"),
        ("backend: local, calls: {batch: true}", "describe: calls: batch must be left out: only Gemini has it"),
        ("backend: local, temperature: null", "describe: temperature must be 0 for a local model"),
        ("thinking_budget: -2", "describe: thinking_budget must be at least -1"),
        ("temperature: 3", "describe: temperature must be at most 2"),
    ],
)
def test_settings_that_a_model_does_not_have_are_refused(tmp_path: Path, key: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load(tmp_path, f"sources: [a]\ndescribe: {{{key}}}\ndetect: {{}}\n")


def test_the_whole_image_can_be_distorted_instead_of_objects(tmp_path: Path) -> None:
    config = load(tmp_path, "sources: [photos/]\nobjects: whole-image\n")
    assert isinstance(config, Config) and config.objects == "whole-image" and config.detector is None
    (tmp_path / "copy.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.yaml") == config


def test_a_detector_can_find_the_objects_by_itself(tmp_path: Path) -> None:
    (tmp_path / "dfine").mkdir()
    config = load(tmp_path, "sources: [photos/]\nobjects: {model: dfine, classes: [dog, cat], max_objects: 5}\n")
    assert isinstance(config, Config) and config.objects is not None
    assert config.objects == Objects(str(tmp_path / "dfine"), classes=("dog", "cat"), max_objects=5)
    assert (config.objects.threshold, config.objects.revision) == (0.5, "main")
    (tmp_path / "copy.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.yaml") == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{}", "objects: the key 'model' is missing"),
        ("{model: m, clases: [a]}", "objects: unknown key 'clases'. Did you mean 'classes'?"),
        ("{model: m, classes: [a, b], phrases: [c, d]}", "objects: give either 'classes' or 'phrases'"),
        ("{model: m, classes: []}", "objects: classes must be at least 1 long"),
        ("{model: m, phrases: [a]}", "objects: phrases must be as many as filters: min_objects or more"),
        ("{model: m, phrases: [Dog, dog]}", "objects: phrases must be different"),
        ('{model: m, phrases: ["", dog]}', "objects: phrases[0] must be at least 1 characters long"),
        ("whole-imag", "objects: unknown value 'whole-imag'. Did you mean 'whole-image'?"),
        ("{model: m, classes: dog}", "objects: classes: expected a list, not 'dog'"),
        ("{model: m, threshold: 0}", "objects: threshold must be at least 0.05"),
        ("{model: m, max_objects: 0}", "objects: max_objects must be at least 1"),
    ],
)
def test_a_bad_detector_is_one_line(tmp_path: Path, values: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, f"sources: [a]\nobjects: {values}\n")
    assert message in str(caught.value) and "\n" not in str(caught.value) and caught.value.code == 2


@pytest.mark.parametrize("call", ["per_minute: .inf", "first_wait: -1", "timeout: .nan"])
def test_a_call_takes_finite_times(tmp_path: Path, call: str) -> None:
    with pytest.raises(UserError, match=rf"describe: calls: {call.split(':')[0]} must be"):
        load(tmp_path, f"sources: [a]\ndescribe: {{calls: {{{call}}}}}\ndetect: {{}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: [a", "not a YAML file"),
        ("", "expected keys and values"),
        ("annotations: {coco: a}\n", "the key 'sources' is missing"),
        ("sources: []\nannotations: {coco: a}\n", "sources must be at least 1 long"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: no such config file"):
        load_config(tmp_path / "nowhere.yaml")
