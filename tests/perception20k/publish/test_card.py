"""What the card says, from records."""

from dataclasses import replace

import pytest
import yaml

from perception20k.config import Annotations, Config
from perception20k.dataset.records import Source
from perception20k.publish.card import card, review_sentence
from perception20k.publish.overview import overview
from tests.perception20k.samples import BLANK

CONFIG = Config(("photos/",), Annotations("photos/instances.json"), score=None, seed=7)
NOTHING = {"samples": 2, "reviewed": 0, "kept": 0, "deleted": 0, "unverified": 0, "unreviewed": 2}
SOURCES = [
    Source(BLANK.image_id, "images/source/a.jpg", "0", 640, 480, "a.jpg", licence="CC0-1.0", author="Ann"),
    Source("0" * 16, "images/source/b.jpg", "1", 640, 480, "b.jpg"),
]
SAMPLES = [BLANK, replace(BLANK, image_id="0" * 16, group="blur", type="blur_lens", severity=5, split="test")]


def text(rft: dict[str, int], drops: dict[str, int] | None = None) -> str:
    return card("mine", CONFIG, overview(SAMPLES), SOURCES, rft, drops or {}, NOTHING, "00ff" * 16)


def test_samples_are_counted_by_part_group_and_severity() -> None:
    said = text({"train": 4, "test": 3})
    assert "| train | 1 | 1 | 4 |" in said and "| test | 1 | 1 | 3 |" in said
    assert "| overexposure | 0 | 0 | 1 | 0 | 0 | 1 |" in said
    assert "| blur | 0 | 0 | 0 | 0 | 1 | 1 |" in said


def test_every_source_has_its_licence_and_author_or_none_is_stated() -> None:
    said = text({"train": 4})
    assert "| CC0-1.0 | Ann | 1 | a.jpg |" in said
    assert "| not stated | not stated | 1 | b.jpg |" in said


def test_what_was_left_out_is_counted_by_stage() -> None:
    assert "11 at objects, 2 at score." in text({"train": 4}, {"objects": 11, "score": 2})


@pytest.mark.parametrize(("rows", "words"), [(999, "n<1K"), (1000, "1K<n<10K"), (2_000_000, "n>1M")])
def test_the_metadata_gives_the_size_and_only_parts_that_have_rows(rows: int, words: str) -> None:
    metadata = yaml.safe_load(text({"train": rows, "test": 0}).split("---\n")[1])
    assert metadata["size_categories"] == [words]
    assert [part["split"] for part in metadata["configs"][0]["data_files"]] == ["train"]


def test_a_review_is_told_with_what_is_left_to_verify() -> None:
    half = {**NOTHING, "samples": 10, "reviewed": 6, "deleted": 2, "unreviewed": 4}
    assert review_sentence(half).startswith("6 of 10 samples were reviewed; 2 were deleted")
    assert "verified" not in review_sentence(half)
    assert "1 of the deletions have not been verified" in review_sentence({**half, "unverified": 1})
    assert review_sentence(NOTHING).startswith("Not reviewed")
