from __future__ import annotations

import pytest

from annotate_app.reports.alpha import alphas
from annotate_app.review.history import DecisionRow


def table(reviewer: str, actions: str) -> list[DecisionRow]:
    """One letter a sample: a accepted, d deleted, a dot not judged."""
    words = {"a": "accept", "d": "delete"}
    return [
        DecisionRow(f"of {reviewer}", reviewer, k, str(k), "sample", words[letter], None, None, 1000.0)
        for k, letter in enumerate(actions)
        if letter != "."
    ]


def scenes(count: int) -> dict[str, str]:
    return {str(k): f"scene {k // 2}" for k in range(count)}


def test_alpha_is_krippendorffs() -> None:
    # Ten samples, two reviewers, the table of "Computing Krippendorff's alpha-reliability" (2011), part A:
    # 20 values, 10 and 4 of which are 0 and 1 in pairs that differ 4 times: 1 - 19 * 8 / (2 * 14 * 6) = 0.095.
    decisions = table("meg", "adaaaaaaaa") + table("owen", "dddaadadaa")
    (found,) = alphas(decisions, dict.fromkeys(scenes(10), ""), scenes(10))[:1]
    assert (found.kind, found.samples) == ("all", 10)
    # o = values that differ within a sample, both ways; e from the totals of each answer
    first, second = "adaaaaaaaa", "dddaadadaa"
    o = 2 * sum(x != y for x, y in zip(first, second, strict=True))
    n0, n1 = (first + second).count("a"), (first + second).count("d")
    assert found.alpha == pytest.approx(1 - 19 * o / (2 * n0 * n1))
    assert found.alpha == pytest.approx(0.095, abs=5e-4)


def test_three_people_and_samples_that_not_all_have_judged_count() -> None:
    # Pairs within samples: aa; ad; ddd; a alone is left out. n = 7, o = 2 (ad, da), e = 2 * 3 * 4 / 6 = 4.
    decisions = table("ann", "aada") + table("bob", "add.") + table("cem", "..d.")
    (found,) = alphas(decisions, dict.fromkeys(scenes(4), ""), scenes(4))[:1]
    assert found.samples == 3
    assert found.alpha == pytest.approx(1 - 2 / (2 * 3 * 4 / 6))


def test_each_kind_has_its_own_and_the_interval_holds_the_value() -> None:
    decisions = table("ann", "adadadadadad" * 4) + table("bob", "adadadadadad" * 3 + "dadadadadada")
    kinds = {str(k): "blur" if k < 36 else "noise" for k in range(48)}
    found = {a.kind: a for a in alphas(decisions, kinds, {str(k): str(k) for k in range(48)})}
    assert found["blur"].alpha == 1.0
    noise = found["noise"].alpha
    assert noise is not None
    assert noise < 0
    low, value, high = found["all"].low, found["all"].alpha, found["all"].high
    assert low is not None
    assert value is not None
    assert high is not None
    assert -1 <= low < value < high <= 1


def test_one_answer_throughout_leaves_it_undefined_and_no_overlap_leaves_nothing() -> None:
    same = alphas(table("ann", "aaaa") + table("bob", "aaaa"), dict.fromkeys(scenes(4), ""), scenes(4))
    assert (same[0].alpha, same[0].low) == (None, None)
    assert alphas(table("ann", "aa..") + table("bob", "..aa"), dict.fromkeys(scenes(4), ""), scenes(4)) == []
