from __future__ import annotations

import pytest

from annotate_app.reports.agreement import agreements, reliabilities
from annotate_app.review.history import DecisionRow


def decision(reviewer: str, sample: int, action: str, role: str = "sample", position: int = 0) -> DecisionRow:
    return DecisionRow(f"of {reviewer}", reviewer, position, str(sample), role, action, None, None, 1000.0)


def table(reviewer: str, actions: str) -> list[DecisionRow]:
    """One letter a sample: a accepted, d deleted."""
    words = {"a": "accept", "d": "delete"}
    return [decision(reviewer, k, words[letter]) for k, letter in enumerate(actions)]


def test_kappa_is_cohens() -> None:
    # 10 samples; both delete 2, ann alone 1, bob alone 1, both accept 6.
    # Observed agreement 8/10. By chance: 0.3 * 0.3 + 0.7 * 0.7 = 0.58. Kappa = (0.8 - 0.58) / 0.42 = 0.5238.
    found = agreements(table("ann", "dddaaaaaaa") + table("bob", "ddadaaaaaa"))
    assert len(found) == 1
    assert (found[0].reviewers, found[0].samples, found[0].same) == (("ann", "bob"), 10, 0.8)
    assert found[0].kappa == pytest.approx(0.22 / 0.42)


@pytest.mark.parametrize(
    ("ann", "bob", "kappa"),
    [
        ("ad", "da", -1.0),  # never agree; chance 1/2: (0 - 1/2) / (1/2)
        ("aadd", "adad", 0.0),  # agree on 2 of 4; chance 1/2
        ("aaad", "aaaa", 0.0),  # agree on 3 of 4; chance 3/4 * 1
        ("aaaaad", "aaaadd", 4 / 7),  # agree on 5 of 6; chance 5/6 * 4/6 + 1/6 * 2/6 = 22/36: (30 - 22) / (36 - 22)
    ],
)
def test_kappa_of_small_tables_is_the_one_worked_by_hand(ann: str, bob: str, kappa: float) -> None:
    assert agreements(table("ann", ann) + table("bob", bob))[0].kappa == pytest.approx(kappa)


def test_kappa_is_over_common_samples_only() -> None:
    ann = [*table("ann", "daad"), decision("ann", 9, "delete")]
    found = agreements(ann + table("bob", "daad") + [decision("bob", 8, "accept")])
    assert (found[0].samples, found[0].kappa) == (4, 1.0)


def test_kappa_is_undefined_where_both_gave_one_answer_throughout() -> None:
    found = agreements(table("ann", "aaaa") + table("bob", "aaaa"))
    assert (found[0].same, found[0].kappa) == (1.0, None)


def test_three_reviewers_make_three_pairs_and_strangers_none() -> None:
    people = table("ann", "ad") + table("bob", "ad") + table("cem", "da")
    assert [a.reviewers for a in agreements(people)] == [("ann", "bob"), ("ann", "cem"), ("bob", "cem")]
    assert agreements([decision("ann", 1, "accept"), decision("bob", 2, "accept")]) == []


def test_trials_and_repeats_stay_out_of_kappa() -> None:
    trials = [decision(name, 7, "delete", "undistorted") for name in ("ann", "bob")]
    assert agreements(table("ann", "ad") + table("bob", "ad") + trials)[0].samples == 2


def test_catch_accuracy_and_repeat_agreement() -> None:
    ann = [
        *table("ann", "adad"),
        decision("ann", 7, "delete", "undistorted"),
        decision("ann", 8, "delete", "wrong_label"),
        decision("ann", 9, "accept", "wrong_label"),
        decision("ann", 0, "accept", "repeat"),
        decision("ann", 1, "accept", "repeat"),
    ]
    found = reliabilities(ann + table("bob", "a"))
    assert [(r.reviewer, r.judged, r.deleted) for r in found] == [("ann", 4, 2), ("bob", 1, 0)]
    assert (found[0].catches, found[0].catch_accuracy) == (3, pytest.approx(2 / 3))
    assert (found[0].repeats, found[0].repeat_agreement) == (2, 0.5)
    assert (found[1].catch_accuracy, found[1].repeat_agreement) == (None, None)
