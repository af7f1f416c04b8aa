import cv2
import numpy as np

from perception20k.imaging.fingerprint import DTYPE, KEYS, TABLES, fingerprint
from perception20k.imaging.images import decode
from tests.conftest import SAMPLE_PHOTOS


def test_a_resized_copy_keeps_most_corners() -> None:
    photo = decode((SAMPLE_PHOTOS / "city.jpg").read_bytes())
    whole = fingerprint(photo)
    smaller = fingerprint(np.asarray(cv2.resize(photo, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), np.uint8))
    assert whole.shape == (TABLES, KEYS) and whole.dtype == DTYPE
    shared = [len(np.intersect1d(whole[table]["key"], smaller[table]["key"])) for table in range(TABLES)]
    assert sum(shared) > 0.5 * TABLES * KEYS


def test_keys_are_distinct_and_sorted_and_do_not_depend_on_anything_but_pixels() -> None:
    photo = decode((SAMPLE_PHOTOS / "dinner_table.jpg").read_bytes())
    first, second = fingerprint(photo), fingerprint(photo.copy())
    assert np.array_equal(first, second)
    for row in first:
        assert np.all(np.diff(row["key"].astype(np.int64)) > 0)


def test_an_image_without_corners_has_none() -> None:
    for size in ((1, 1), (3, 2000), (64, 64), (700, 900)):
        assert not fingerprint(np.full((*size, 3), 90, np.uint8))["key"].any()
