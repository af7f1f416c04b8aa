"""Names in a user's file are matched to photos surely or not at all."""

import pytest

from perception20k.dataset.quarantine import Reason
from perception20k.pipeline.stages.names import Names


@pytest.mark.parametrize(
    ("names", "origin", "found"),
    [
        (["a.jpg"], "a.jpg", "a.jpg"),
        (["a.jpg"], "x/y/a.jpg", "a.jpg"),
        (["./y//a.jpg"], "x/y/a.jpg", "y/a.jpg"),
        (["a.jpg", "y/a.jpg", "z/a.jpg"], "x/y/a.jpg", "y/a.jpg"),
        (["y/a.jpg"], "xy/a.jpg", None),
        (["a.jpg"], "ba.jpg", None),
        (["x/a.jpg"], "a.jpg", None),  # it may be another folder's
        (["/x/a.jpg"], "x/a.jpg", None),
        ([], "a.jpg", None),
    ],
)
def test_a_name_means_the_photo_whose_origin_ends_in_it(names: list[str], origin: str, found: str | None) -> None:
    assert Names(names, [origin]).find(origin) == found


def test_a_name_that_matches_two_photos_is_ignored() -> None:
    names = Names(["a.jpg", "b.jpg"], ["x/a.jpg", "y/a.jpg", "y/b.jpg", "y/b.jpg"])
    reason = Reason("ambiguous_name", "ambiguous: 'a.jpg' matches x/a.jpg and y/a.jpg")
    assert names.find("x/a.jpg") == names.find("y/a.jpg") == reason
    assert names.find("y/b.jpg") == "b.jpg"


def test_names_that_no_photo_has_are_known() -> None:
    names = Names(["a.jpg", "y/b.jpg", "./c.jpg", "gone/a.jpg"], ["x/a.jpg", "z/a.jpg", "x/y/b.jpg"])
    assert names.unmatched() == {"c.jpg", "gone/a.jpg"}


def test_also_where_one_of_them_has_just_that_name() -> None:
    # the first file found keeps its bare name, so that says nothing of which one is meant
    names = Names(["a.jpg"], ["a.jpg", "y/a.jpg"])
    assert isinstance(names.find("a.jpg"), Reason) and isinstance(names.find("y/a.jpg"), Reason)


def test_a_photo_with_a_longer_name_of_its_own_leaves_the_shorter_to_the_other() -> None:
    names = Names(["a.jpg", "y/a.jpg"], ["a.jpg", "y/a.jpg"])
    assert names.find("a.jpg") == "a.jpg"
    assert names.find("y/a.jpg") == "y/a.jpg"
