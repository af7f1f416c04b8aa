from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from annotate_app.lead.gallery import NOT_REVIEWED, Gallery
from annotate_app.review.dataset import Dataset
from annotate_app.review.service import Review
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from tests.annotate_app.conftest import BARE, Clock, Person
from tests.annotate_app.datasets import write_dataset

pytestmark = pytest.mark.slow


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return write_dataset(tmp_path / "dataset", 20)


def test_samples_are_found_by_every_column(layout: Layout) -> None:
    gallery = Gallery(layout)
    assert len(gallery.find({})) == 20
    assert gallery.find({"severity": "3"}) == ["0002-0", "0007-0", "0012-0", "0017-0"]
    assert gallery.find({"severity": "3", "type": gallery.dataset.samples["0007-0"].type}) == ["0007-0"]
    assert gallery.find({"decision": NOT_REVIEWED}) == gallery.find({})
    assert gallery.choices("severity") == ["1", "2", "3", "4", "5"]


def test_decisions_are_followed_while_others_review(layout: Layout) -> None:
    gallery = Gallery(layout)
    assert gallery.progress() == [] and gallery.history("0000-0") == []
    clock = Clock()
    with closing(Review(Dataset(layout), BARE, clock)) as review:
        ann = Person(review, clock, "ann")
        ann.open()
        shown = [item.sample_id for item in review.log.find(ann.session).items]
        ann.do("delete", 0)
        assert gallery.find({"decision": "delete"}) == [shown[0]]
        ann.do("accept", 1)
        assert gallery.find({"decision": "accept"}) == [shown[1]]
        assert gallery.history(shown[0]) == [["ann", "review", "sample", "delete", ""]]
        assert gallery.progress() == [["ann", "review", 20, 2, 1, "under way"]]


def test_a_pair_shows_the_source_with_the_box_and_the_sample_as_it_is(layout: Layout) -> None:
    gallery = Gallery(layout)
    source, sample = gallery.pair("0004-0")
    x1, y1, x2, y2 = gallery.dataset.samples["0004-0"].box
    assert source.shape == sample.shape == (240, 320, 3)
    outside = np.ones(source.shape[:2], bool)
    outside[y1 - 1 : y2 + 1, x1 - 1 : x2 + 1] = False
    assert np.array_equal(source[outside], sample[outside])
    assert tuple(source[y1, x1 + 5]) == (230, 40, 40)
    assert dict(gallery.about("0004-0"))["severity"] == "5"


def test_a_damaged_image_is_shown_as_missing_and_stops_nothing(layout: Layout) -> None:
    gallery = Gallery(layout)
    gallery.dataset.image("0003-0").write_bytes(b"no image")
    picture, line = gallery.thumbnail("0003-0")
    assert picture.shape[2] == 3 and "severity 4" in line


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a Perception20K dataset"):
        Gallery(Layout(tmp_path))
