from pathlib import Path

import cv2
import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging.fingerprint import DTYPE, KEYS, TABLES, fingerprint
from perception20k.imaging.images import Array, decode
from perception20k.pipeline.scenes import SceneTable, distinct, find_scenes, near_duplicates, scenes_of
from perception20k.pipeline.stages.discover import SourceFile
from perception20k.pipeline.stages.sources import Ingest, candidates_of
from tests.conftest import SAMPLE_PHOTOS

PHOTOS = sorted(path for path in SAMPLE_PHOTOS.iterdir() if path.suffix in (".jpg", ".png"))


def crop(photo: Array, left: float, top: float, share: float) -> Array:
    height, width = photo.shape[:2]
    y, x = int(top * height), int(left * width)
    return photo[y : y + int(share * height), x : x + int(share * width)]


def prints_of(photos: list[Array]) -> "np.ndarray[tuple[int, ...], np.dtype[np.void]]":
    return np.stack([fingerprint(photo) for photo in photos])


@pytest.mark.slow
def test_copies_and_crops_of_a_photo_are_found_and_no_two_photos_are_taken_for_one() -> None:
    photos = [decode(path.read_bytes()) for path in PHOTOS]
    changed = [
        *(np.asarray(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8) for p in photos),
        *(crop(p, 0.1, 0.05, 0.85) for p in photos),
    ]
    count = len(photos)
    found = set(near_duplicates(prints_of([*photos, *changed])))
    assert {(a % count, b % count) for a, b in found if a % count != b % count} == set()
    linked = {frozenset((a // count, b // count)) for a, b in found}
    assert linked >= {frozenset((0, 1))}
    scenes = scenes_of([str(i) for i in range(3 * count)], [""] * 3 * count, prints_of([*photos, *changed]))
    copies = sum(scenes[i] == scenes[count + i] for i in range(count))
    crops = sum(scenes[i] == scenes[2 * count + i] for i in range(count))
    assert copies == count
    assert crops >= 0.8 * count, "a crop of 72 % of a photo's area is found for most photos"


def test_of_photos_that_show_nearly_the_same_the_largest_is_kept(tmp_path: Path) -> None:
    photo, other = (decode((SAMPLE_PHOTOS / name).read_bytes()) for name in ("city.jpg", "circuit_board.jpg"))
    half = np.asarray(cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    candidates = []
    for name, image in {"half.png": half, "other.png": other, "whole.png": photo, "again.png": photo}.items():
        cv2.imwrite(str(tmp_path / name), image[..., ::-1])
        item = SourceFile(tmp_path / name, name)
        candidates += candidates_of(item, Ingest(3).process_one(item))
    found = {candidate.source.origin: reason for candidate, reason in distinct(candidates)}
    assert [name for name, reason in found.items() if reason is None] == ["other.png", "whole.png"]
    assert (half_reason := found["half.png"]) and half_reason.rule == "near_duplicate"
    assert half_reason.text == "shows nearly what whole.png does, or a part of it"


def test_frames_of_a_video_are_one_scene_and_a_table_puts_photos_together() -> None:
    nothing = np.zeros((5, TABLES, KEYS), DTYPE)
    origins = ["v.mp4#frame=1", "a.jpg", "v.mp4#frame=9", "b.jpg", "w.mp4#frame=1"]
    assert scenes_of(list("abcde"), origins, nothing) == ["a", "b", "a", "d", "e"]
    assert scenes_of(list("abcde"), origins, nothing, [None, "x", "x", None, None]) == ["a", "a", "a", "d", "e"]


def test_a_table_of_scenes_names_photos_as_other_tables_do(tmp_path: Path) -> None:
    candidates = []
    for path in PHOTOS[:3]:
        item = SourceFile(path, f"folder/{path.name}")
        candidates += candidates_of(item, Ingest(3).process_one(item))
    table = tmp_path / "scenes.csv"
    table.write_text(f"file,scene\n{PHOTOS[0].name},7\n./folder/{PHOTOS[2].name},7\n")
    first, second, third = find_scenes(candidates, SceneTable(table, [c.source.origin for c in candidates]))
    assert first == third == candidates[0].source.image_id != second


@pytest.mark.parametrize(("text", "message"), [("file,name\na,b\n", "'file' and 'scene'"), (None, "no such table")])
def test_a_bad_table_is_refused_in_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    table = tmp_path / "scenes.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(UserError, match=message):
        SceneTable(table)
