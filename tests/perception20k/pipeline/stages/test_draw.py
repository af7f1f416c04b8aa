from collections import Counter
from pathlib import Path

import pytest

from distortions import GROUPS, catalog, find, groups
from perception20k.config import MAX_PER_OBJECT
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.draw import draw, redraws
from perception20k.pipeline.stages.sources import Candidate


def candidate(number: int = 0, objects: int = 2) -> Candidate:
    items = tuple(SceneObject(f"o{i}", (i * 50, 0, i * 50 + 40, 40)) for i in range(objects))
    return Candidate(Path("a"), Source(f"{number:016x}", "f", "d", 640, 480, "a", objects=items))


def test_the_first_twelve_samples_of_an_image_are_one_of_each_group() -> None:
    plans = draw(candidate(objects=3), 4, seed=1)
    assert Counter(p.group for p in plans) == Counter(list(GROUPS))


def test_another_family_s_preset_draws_its_groups_in_the_same_way() -> None:
    plans = draw(candidate(objects=3), 7, seed=1, preset="kadid-10k")
    assert Counter(p.group for p in plans) == Counter(list(groups("kadid-10k")) * 3)
    assert all(find(p.type, "kadid-10k").group == p.group for p in plans)
    most = draw(candidate(objects=1), MAX_PER_OBJECT, seed=3, preset="kadid-10k")
    assert len({(p.type, p.severity) for p in most}) == MAX_PER_OBJECT


def test_more_samples_leave_the_earlier_ones_as_they_were() -> None:
    few = {p.sample_id for p in draw(candidate(), 3, seed=1)}
    many = {p.sample_id for p in draw(candidate(), 20, seed=1)}
    assert len(few) == 6 and few < many


def test_a_draw_does_not_depend_on_the_other_objects() -> None:
    alone, both = draw(candidate(objects=1), 5, seed=1), draw(candidate(objects=2), 5, seed=1)
    assert [p.sample_id for p in alone] == [p.sample_id for p in both if p.item.name == "o0"]


def test_the_seed_changes_the_draw() -> None:
    assert {p.sample_id for p in draw(candidate(), 5, 1)}.isdisjoint(p.sample_id for p in draw(candidate(), 5, 2))


def test_an_object_never_gets_the_same_distortion_twice() -> None:
    plans = draw(candidate(objects=1), MAX_PER_OBJECT, seed=3)
    assert len({(p.type, p.severity) for p in plans}) == MAX_PER_OBJECT
    assert max(Counter(p.group for p in plans).values()) <= 5


@pytest.mark.slow
def test_groups_then_types_in_a_group_then_severities_are_even() -> None:
    plans = [p for n in range(3000) for p in draw(candidate(n, objects=1), 1, seed=0)]
    groups, severities = Counter(p.group for p in plans), Counter(p.severity for p in plans)
    # 3000 / 12 = 250, standard deviation 15; 3000 / 5 = 600, standard deviation 22
    assert all(count == pytest.approx(250, abs=62) for count in groups.values()) and len(groups) == 12
    assert all(count == pytest.approx(600, abs=90) for count in severities.values())
    blur = Counter(p.type for p in plans if p.group == "blur")
    assert set(blur) == {e.type for e in catalog() if e.group == "blur"}
    assert max(blur.values()) < 2.5 * min(blur.values())


def test_a_redraw_is_of_the_same_group_and_never_a_sample_that_the_object_has_or_may_get() -> None:
    plans = draw(candidate(objects=3), MAX_PER_OBJECT, seed=5)
    for item in {plan.item for plan in plans}:
        mine = [plan for plan in plans if plan.item == item]
        others = [other for plan in mine for other in redraws(plan)]
        pairs = [(other.type, other.severity) for other in others]
        assert len(set(pairs)) == len(pairs) > 50 and not set(pairs) & {(p.type, p.severity) for p in mine}
        assert all(find(other.type).group == other.group for other in others)
    few = draw(candidate(objects=3), 2, seed=5)
    assert [redraws(plan) for plan in few] == [redraws(plan) for plan in plans if plan.turn < 2]
