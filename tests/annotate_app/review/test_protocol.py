from __future__ import annotations

import pytest

from annotate_app.review.protocol import dataset_cap, oversized, session_cap


@pytest.mark.parametrize(
    ("samples", "cap"),
    # a fifth rounded down, and 400 = 2000 / 5 at most
    [(0, 0), (4, 0), (5, 1), (59, 11), (60, 12), (1999, 399), (2000, 400), (5000, 400)],
)
def test_a_session_may_lose_a_fifth_and_never_more_than_400(samples: int, cap: int) -> None:
    assert session_cap(samples) == cap


def test_the_dataset_keeps_four_fifths_however_large_it_is() -> None:
    assert dataset_cap(20907) == 4181  # 20907 - 4181 = 16726 >= 0.8 * 20907 = 16725.6
    assert dataset_cap(20907) + 1 > 0.2 * 20907


@pytest.mark.parametrize(
    ("box", "over"),
    [((0, 0, 100, 90), False), ((0, 0, 100, 91), True), ((0, 0, 100, 100), True), ((40, 40, 60, 60), False)],
)
def test_a_box_of_exactly_90_percent_is_shown_a_larger_one_is_not(box: tuple[int, int, int, int], over: bool) -> None:
    assert oversized(box, 100, 100) is over
