import json
import shlex
import shutil
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.pipeline.choose import DRAWN, choose
from perception20k.pipeline.surroundings import DETECTORS, GROUNDING_DINO, NAMERS, QALIGN, Surroundings
from tests.perception20k.annotations.test_object_columns import write

BARE = Surroundings()
BOXES = "file,name,x1,y1,x2,y2\na.jpg,dog,0,0,50,50\nb.jpg,cat,0,0,50,50\n"


@pytest.fixture
def folder(tmp_path: Path, photos: Path) -> Path:
    """Two photos and a video, and nothing else."""
    home = tmp_path / "work" / "photos"
    home.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        shutil.copy2(photos / "nuthatch.jpg", home / name)
    shutil.copy2(photos / "dog_indoors.mp4", home / "c.mp4")
    return home


def test_annotations_beside_the_photos_are_taken_and_said(folder: Path) -> None:
    (folder.parent / "boxes.csv").write_text(BOXES)
    choice = choose([str(folder)], BARE)
    assert choice.lines == [
        f"Photos:  2 photos and 1 video in {folder}",
        "Objects: boxes from boxes.csv (CSV), which has some for 2 of the 3 files",
        "Quality: BRISQUE of 50 or more of 100, which needs no GPU and no download",
    ]
    assert choice.config.sources == (str(folder),)
    assert choice.config.annotations is not None
    assert choice.config.annotations.given == ("csv", str(folder.parent / "boxes.csv"))


CORNERS = {"bbox": [[0, 0, 30, 30], [40, 30, 64, 48]], "category": ["dog", "cat"]}


@pytest.mark.parametrize("spec", ["", "data/*.parquet", "data/x.parquet"])
def test_a_column_of_objects_beside_the_images_is_taken_and_said(tmp_path: Path, spec: str) -> None:
    write(tmp_path / "data" / "x.parquet", {"objects": CORNERS}, {"objects": CORNERS}, {"objects": None})
    choice = choose([str(tmp_path / spec)], BARE)
    where = {"data/*.parquet": "data"}.get(spec, spec)
    assert choice.values["annotations"] == {"parquet_xyxy": str(tmp_path / where)}
    assert choice.lines[1] == (
        "Objects: boxes from the column 'objects', read as xyxy (impossible boxes among 4: 2 as xywh, 4 as cxcywh); "
        "it has some for 2 of the 3 files"
    )


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"bbox": [[10, 12, 30, 28]], "category": ["dog"]}, "x.parquet} or {parquet_xyxy: "),
        ({"bbox": [[10, 12, 30, 28]], "category": [7]}, "'objects.category' has numbers, and the table does not say"),
    ],
)
def test_a_column_of_objects_that_would_have_to_be_guessed_is_refused(
    tmp_path: Path, objects: dict[str, object], message: str
) -> None:
    path = write(tmp_path / "x.parquet", {"objects": objects})
    with pytest.raises(UserError) as caught:
        choose([str(path)], BARE)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert choose([str(path)], BARE, "whole-image").config.objects == "whole-image"


def test_of_several_annotations_those_for_the_most_photos_are_taken(folder: Path) -> None:
    (folder / "few.csv").write_text("".join(BOXES.splitlines(keepends=True)[:2]))
    (folder / "all.csv").write_text(BOXES)
    (folder / "broken.csv").write_text(BOXES + "c.jpg,dog,0,0\n")
    (folder / "captions.json").write_text('{"images": [], "annotations": [{"caption": "two dogs"}]}')
    assert choose([str(folder)], BARE).values["annotations"] == {"csv": str(folder / "all.csv")}


def test_an_annotation_file_brings_the_photos_it_names(folder: Path) -> None:
    path = folder.parent / "annotations" / "boxes.json"
    path.parent.mkdir()
    image = {"id": 1, "file_name": "a.jpg", "width": 640, "height": 427}
    box = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 99, 99]}
    path.write_text(json.dumps({"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "bird"}]}))
    choice = choose([str(path)], BARE)
    assert choice.values["sources"] == [str(folder.parent)]
    assert choice.values["annotations"] == {"coco": str(path)}


def test_a_dataset_among_the_photos_is_none_of_them(folder: Path) -> None:
    (folder / "boxes.csv").write_text(BOXES)
    before = choose([str(folder)], BARE, without=folder / "dataset")
    (folder / "dataset").mkdir()
    shutil.copy2(folder / "a.jpg", folder / "dataset" / "a.jpg")
    assert choose([str(folder)], BARE, without=folder / "dataset") == before
    assert choose([str(folder)], BARE) != before


@pytest.mark.parametrize("given", [["a.jpg", "c.mp4"], ["*.jpg"], ["c.mp4"]])
def test_files_and_globs_are_photos_too(folder: Path, given: list[str]) -> None:
    (folder / "boxes.csv").write_text(BOXES + "c.mp4#frame=7,dog,0,0,50,50\n")
    specs = [str(folder / spec) for spec in given]
    if given == ["c.mp4"]:  # its keyframes are not known before it is decoded
        with pytest.raises(UserError, match="1 video, and nothing that says what is in them"):
            choose(specs, BARE)
    else:
        assert list(choose(specs, BARE).config.sources) == specs


@pytest.mark.parametrize(
    ("here", "values"),
    [
        (Surroundings(models=True, cached=(DETECTORS[2],)), {"objects": {"model": DETECTORS[2]}}),
        (
            Surroundings(gpus=1, models=True, cached=(NAMERS[1], GROUNDING_DINO, QALIGN, DETECTORS[0])),
            {
                "describe": {"backend": "local", "model": NAMERS[1]},
                "detect": {"model": GROUNDING_DINO},
                "score": [{"metric": "qalign", "min": 80}],
            },
        ),
        (
            Surroundings(models=True, cached=(NAMERS[1], GROUNDING_DINO, DETECTORS[0])),
            {"objects": {"model": DETECTORS[0]}},
        ),
    ],
)
def test_models_that_are_here_stand_in_for_annotations(folder: Path, here: Surroundings, values: object) -> None:
    chosen = choose([str(folder)], here).values
    assert isinstance(values, dict) and chosen == {**chosen, **values}


@pytest.mark.parametrize(
    "here",
    [
        BARE,
        Surroundings(cached=(DETECTORS[0],)),  # without the package that runs it
        Surroundings(models=True, keys=("GEMINI_API_KEY",), cached=(GROUNDING_DINO,)),  # it would cost money
    ],
)
def test_without_a_source_of_objects_the_ways_are_listed_with_a_command_each(folder: Path, here: Surroundings) -> None:
    with pytest.raises(UserError) as caught:
        choose([str(folder)], here)
    first, *ways = str(caught.value).splitlines()
    assert first.startswith(f"{folder}: 2 photos and 1 video, and nothing that says what is in them")
    commands = [line.strip() for line in ways if line.strip().startswith("perception20k")]
    assert len(commands) == 5 and all(str(folder) in command for command in commands)
    assert ("GEMINI_API_KEY is set" in str(caught.value)) == bool(here.keys)
    assert ("pip install 'perception20k[models]'" in str(caught.value)) != here.models


def test_the_ways_can_be_pasted_whatever_the_folder_is_called(folder: Path) -> None:
    odd = folder.rename(folder.with_name("my photos"))
    with pytest.raises(UserError) as caught:
        choose([str(odd)], BARE)
    commands = [line.strip() for line in str(caught.value).splitlines() if line.strip().startswith("perception20k")]
    assert len(commands) == 5 and all(str(odd) in shlex.split(command) for command in commands)


def test_an_archive_that_cannot_be_read_is_not_counted_as_a_photo(folder: Path) -> None:
    (folder / "boxes.csv").write_text(BOXES)
    (folder / "shard.tar").write_bytes(b"not a tar" * 100)
    assert choose([str(folder)], BARE).lines[0] == f"Photos:  2 photos and 1 video and 1 unreadable archive in {folder}"


def test_boxes_that_were_drawn_are_to_be_exported(folder: Path) -> None:
    (folder / DRAWN).write_bytes(b"")
    with pytest.raises(UserError, match=f"perception20k annotate {folder} --export {folder}/boxes.json"):
        choose([str(folder)], BARE)


def test_a_way_that_is_asked_for_is_taken_whatever_there_is(folder: Path) -> None:
    (folder / "boxes.csv").write_text(BOXES)
    detector = choose([str(folder)], BARE, "detector").config.detector
    assert detector is not None and detector.model == DETECTORS[0]
    assert choose([str(folder / "boxes.csv")], BARE, "whole-image").values["sources"] == [str(folder)]
    assert choose([str(folder)], BARE, "whole-image").config.objects == "whole-image"
    gemini = choose([str(folder)], Surroundings(keys=("GOOGLE_API_KEY",)), "describe")
    assert gemini.values["describe"] == {"backend": "gemini"} and "costs money" in gemini.lines[1]
    assert gemini.config.detect is not None
    local = choose([str(folder)], BARE, "describe")
    assert local.values["describe"] == {"backend": "local", "model": NAMERS[0]}


def test_what_is_no_photo_is_refused_in_a_line(folder: Path) -> None:
    (folder / "notes.json").write_text("{}")
    empty = folder / "empty"
    empty.mkdir()
    (folder.parent / "others.csv").write_text(BOXES.replace(".jpg", ".png"))
    for spec, message in (
        (folder / "none", "none: no such file or folder"),
        (empty, "empty: no photo or video found"),
        (folder / "notes.json", "notes.json: not a photo, a video or a known kind of annotation file. Known: "),
        (folder.parent / "others.csv", "others.csv: names no photo in"),
    ):
        with pytest.raises(UserError) as caught:
            choose([str(spec)], BARE)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
