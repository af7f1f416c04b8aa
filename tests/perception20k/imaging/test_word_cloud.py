import numpy as np
import pytest

from perception20k.imaging.word_cloud import word_cloud


def ink(picture: np.ndarray) -> int:
    return int((picture < 128).any(axis=2).sum())


def test_a_cloud_has_its_size_and_does_not_depend_on_the_order_of_the_words() -> None:
    words = {"white dog": 9, "tulip": 4, "lamp": 4}
    picture = word_cloud(words, (300, 200))
    assert picture.shape == (200, 300, 3) and picture.dtype == np.uint8
    assert np.array_equal(picture, word_cloud(dict(reversed(words.items())), (300, 200)))


def test_every_word_adds_ink_and_none_covers_another() -> None:
    alone = [ink(word_cloud({word: 1}, (400, 300))) for word in ("aa", "bb", "cc")]
    assert min(alone) > 50
    assert ink(word_cloud({"aa": 1, "bb": 1, "cc": 1}, (400, 300))) == pytest.approx(sum(alone), rel=0.05)


def test_a_frequent_word_is_larger() -> None:
    # one word of each picture is the same, at a quarter of the other's frequency: half as high, a quarter of the ink
    even, uneven = (word_cloud({"dog": 16, "god": count}, (400, 300)) for count in (16, 4))
    assert ink(uneven) < 0.75 * ink(even)


def test_a_field_too_small_for_a_word_stays_white() -> None:
    assert (word_cloud({"a very long word": 3}, (20, 10)) == 255).all()
