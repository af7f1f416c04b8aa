from dataclasses import replace
from pathlib import Path

import pytest

from perception20k.config import Annotations, Calls, Config, Describe, Detect, Score, load_config
from perception20k.saved_config import changed_keys, dump_config, portable

CONFIG = Config(
    ("/data/coco/train2017", "/data/lsvq/*.mp4", "/data/**/x/*.jpg", "package:skimage/data"),
    describe=Describe(model="/models/vlm", calls=Calls(at_once=9)),
    detect=Detect(model="IDEA-Research/grounding-dino-base"),
    score=(Score("mos", table="/data/mos.csv"),),
    split="/data/other/recipe.parquet",
    scenes="/data/scenes.csv",
)


def test_the_shared_copy_holds_no_place_on_this_machine() -> None:
    shared = portable(CONFIG)
    assert shared.sources == ("train2017", "lsvq/*.mp4", "data/**/x/*.jpg", "package:skimage/data")
    assert shared.describe is not None and shared.describe.model == "vlm"
    assert shared.detect == CONFIG.detect
    assert (shared.score or ())[0].table == "mos.csv"
    assert (shared.split, shared.scenes) == ("recipe.parquet", "scenes.csv")


def test_how_the_api_is_called_is_no_part_of_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "copy.yaml").write_text(dump_config(CONFIG))
    assert "calls" not in dump_config(CONFIG)
    assert load_config(tmp_path / "copy.yaml").describe == Describe(model="/models/vlm")
    assert portable(CONFIG).describe == Describe(model="vlm")


def test_the_complete_copy_reads_back_to_the_same_config(tmp_path: Path) -> None:
    config = Config((str(tmp_path / "photos"),), Annotations(str(tmp_path / "i.json")), score=None, seed=3)
    (tmp_path / "copy.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "copy.yaml") == config


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, []),
        ({"sources": ("/mnt/train2017", *CONFIG.sources[1:])}, []),
        ({"sources": ("/data/coco/val2017", *CONFIG.sources[1:])}, ["sources"]),
        ({"seed": 1, "split": None}, ["split", "seed"]),
        ({"image_format": "png"}, ["image_format"]),
        ({"describe": Describe(model="/elsewhere/vlm")}, []),
        ({"describe": Describe(model="/models/other")}, ["describe"]),
    ],
)
def test_a_config_differs_in_what_it_says_and_not_in_where_files_lie(
    tmp_path: Path, changes: dict[str, object], keys: list[str]
) -> None:
    for saved in (dump_config(CONFIG), dump_config(portable(CONFIG))):  # those of 0.1 are not portable
        (tmp_path / "config.yaml").write_text(saved)
        assert changed_keys(tmp_path / "config.yaml", replace(CONFIG, **changes)) == keys  # type: ignore[arg-type]


def test_the_copy_names_a_format_of_images_that_is_not_the_default(tmp_path: Path) -> None:
    assert "image_format" not in dump_config(CONFIG)
    (tmp_path / "copy.yaml").write_text(dump_config(replace(CONFIG, image_format="png")))
    assert load_config(tmp_path / "copy.yaml").image_format == "png"


def test_a_dataset_of_before_had_no_limit_of_size(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(dump_config(CONFIG).replace("max_side: 2048\n", ""))
    assert changed_keys(tmp_path / "config.yaml", CONFIG) == ["max_side"]
    assert changed_keys(tmp_path / "config.yaml", replace(CONFIG, max_side=None)) == []


def test_a_copy_without_the_newer_keys_has_their_defaults(tmp_path: Path) -> None:
    lines = [line for line in dump_config(CONFIG).splitlines() if not line.startswith("max_frames_per_video")]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    assert changed_keys(tmp_path / "config.yaml", CONFIG) == []
