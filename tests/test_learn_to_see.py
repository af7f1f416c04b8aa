"""The experiment of ``examples/learn_to_see``: its parts, its baselines, and its loop that goes on where it stopped."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from examples.learn_to_see import blind, data, demo, fit, unseen, world
from examples.learn_to_see.report import earnings, estimate
from perception20k.core.lock import held
from perception20k.dataset.layout import Layout
from trainer import models
from trainer.data import answers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scenes(photos: Path) -> list[world.Photo]:
    return world.load([photos / name for name in ("city.jpg", "clock.jpg", "nuthatch.jpg")])


@pytest.fixture(scope="module")
def questions(scenes: list[world.Photo]) -> list[unseen.Question]:
    return unseen.perception(scenes, 6)


def test_no_photo_is_in_both_parts(photos: Path, tmp_path: Path) -> None:
    for path in photos.glob("*.jpg"):
        shutil.copy(path, tmp_path)
    seen, held_out = world.split(tmp_path)
    assert set(seen).isdisjoint(held_out)
    assert len(held_out) == round(len([*seen, *held_out]) / 3)


def test_a_sample_changes_its_box_alone_and_visibly(scenes: list[world.Photo]) -> None:
    for number in range(40):
        sample = world.sample(scenes, world.draw_for("test", number))
        x1, y1, x2, y2 = sample.boxes[sample.object]
        changed = np.abs(sample.source.astype(int) - sample.distorted)
        assert changed[y1:y2, x1:x2].mean() >= world.LEAST_CHANGE
        changed[y1:y2, x1:x2] = 0
        assert not changed.any()


def test_the_same_key_draws_the_same_sample(scenes: list[world.Photo]) -> None:
    first, second = (world.sample(scenes, world.draw_for("test", 7)) for _ in range(2))
    assert first.boxes == second.boxes
    assert np.array_equal(first.distorted, second.distorted)


def test_objects_never_overlap() -> None:
    for number in range(60):
        boxes = list(world.objects(world.draw_for("boxes", number)).values())
        covered = np.zeros((world.SIDE, world.SIDE), int)
        for x1, y1, x2, y2 in boxes:
            covered[y1:y2, x1:x2] += 1
        assert len(boxes) in (2, 3)
        assert covered.max() == 1


def test_quality_falls_with_severity() -> None:
    pixels = np.zeros((1, 1, 3), np.uint8)
    qualities = [world.Rated(pixels, "noise", severity).quality for severity in range(6)]
    assert qualities == [4.9, 4.1, 3.3, 2.5, 1.7, 0.9]


def test_a_rated_crop_has_a_distortion_of_the_groups_asked_for_or_none(scenes: list[world.Photo]) -> None:
    drawn = [world.rated(scenes, world.draw_for("test", n), ("noise", "quantization")) for n in range(60)]
    assert {rated.group for rated in drawn} == {"noise", "quantization", ""}
    assert all((rated.group == "") == (rated.severity == 0) for rated in drawn)


def test_questions_name_the_objects_in_any_order(questions: list[unseen.Question]) -> None:
    """As a built dataset does, so that a place in the list tells nothing of a place in the image."""
    asked = {question.objects for question in questions}
    assert any(tuple(sorted(names, key=world.PLACES.index)) != names for names in asked)
    for question in questions:
        if question.task == "description":
            text = "".join(part["text"] or "" for part in question.content)
            assert sorted(question.objects, key=text.index) == list(question.objects)


def test_right_answers_earn_everything(questions: list[unseen.Question]) -> None:
    for question in questions:
        said = f"{question.object} / {question.distortion} / {question.severity}"
        if question.task == "grounding":
            assert question.box is not None
            said = ",".join(map(str, question.box))
        assert unseen.earned(question, f"<answer>{said}</answer>") == 1


@pytest.mark.parametrize("task", ["description", "grounding"])
def test_no_other_constant_earns_more_than_the_blind_one(questions: list[unseen.Question], task: str) -> None:
    asked = [question for question in questions if (question.task, question.mode) == (task, "nr")]
    best = earnings(asked, blind.best(asked)).sum()
    for question in asked:
        other = f"{question.object} / {question.distortion} / {question.severity}"
        if question.box is not None and task == "grounding":
            other = ",".join(str(round(side / 7) * 7) for side in question.box)
        assert earnings(asked, [f"<answer>{other}</answer>"] * len(asked)).sum() <= best + 1e-9


def test_one_box_for_each_object_earns_more_than_one_for_all_and_less_than_the_true_ones(
    questions: list[unseen.Question],
) -> None:
    asked = [question for question in questions if (question.task, question.mode) == ("grounding", "nr")]
    said = blind.best_in_place(asked)
    assert len(set(said)) == len({question.object for question in asked})
    assert earnings(asked, blind.best(asked)).mean() < earnings(asked, said).mean() < 1


def test_the_blind_constant_of_a_rating_covers_two_qualities(scenes: list[world.Photo]) -> None:
    asked = [
        replace(question, quality=world.Rated(question.images[0], "noise", number % 6).quality)
        for number, question in enumerate(unseen.ratings(scenes, 4))
    ]
    said = blind.best(asked)
    assert len(set(said)) == 1
    assert earnings(asked, said).mean() == pytest.approx(1 / 3)
    assert answers.score(said[0], 0, 5) is not None


def test_shuffled_questions_show_another_photo(questions: list[unseen.Question]) -> None:
    pictures = {id(image): question.scene for question in questions for image in question.images}
    for question, other in zip(questions, unseen.shuffled(questions), strict=True):
        assert (other.task, other.mode, other.box) == (question.task, question.mode, question.box)
        assert len(other.images) == len(question.images)
        assert all(pictures[id(image)] != question.scene for image in other.images)


def test_an_interval_over_scenes_is_wider_than_one_over_questions() -> None:
    values = np.repeat([0.0, 1.0, 0.2, 0.9], 25)
    by_scene = estimate(values, np.repeat(list("abcd"), 25).tolist())
    by_question = estimate(values, [str(i) for i in range(100)])
    assert by_scene.high - by_scene.low > 2 * (by_question.high - by_question.low)


def test_a_stopped_fit_ends_where_an_unstopped_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def module() -> torch.nn.Linear:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return torch.nn.Linear(3, 1)

    def train(steps: int, state: Path, stop: int | None = None) -> torch.nn.Linear:
        learner = module()

        def loss_of(step: int) -> torch.Tensor:
            if step == stop:
                raise KeyboardInterrupt
            inputs = torch.tensor(world.draw_for("fit", step).normal(size=(8, 3))).float()
            return ((learner(inputs) - inputs.sum(1, keepdim=True)) ** 2).mean()

        fit.fit(learner, loss_of, steps=steps, learning_rate=0.1, state=state, say="test")
        return learner

    whole = train(20, tmp_path / "whole.pt")
    monkeypatch.setattr(fit, "SAVE_SECONDS", -1)
    with pytest.raises(KeyboardInterrupt):
        train(20, tmp_path / "stopped.pt", stop=12)
    again = train(20, tmp_path / "stopped.pt")
    assert torch.equal(whole.weight, again.weight)


def test_the_shipped_model_sees_photos_it_was_not_trained_on(scenes: list[world.Photo]) -> None:
    checkpoint = str(demo.CHECKPOINT)
    network, processor = models.load_model(checkpoint).eval(), models.load_processor(checkpoint)
    asked = [question for question in unseen.perception(scenes, 8) if question.mode == "fr"]
    said = unseen.ask(network, processor, asked)
    for task in ("description", "grounding"):
        places = [i for i, question in enumerate(asked) if question.task == task]
        about = [asked[i] for i in places]
        by_looking = earnings(about, [said[i] for i in places]).mean()
        assert by_looking > earnings(about, blind.best(about)).mean() + 0.1


def test_sampled_answers_are_the_same_each_time_and_leave_the_draws_of_training_alone(
    questions: list[unseen.Question],
) -> None:
    checkpoint = str(demo.CHECKPOINT)
    network, processor = models.load_model(checkpoint).eval(), models.load_processor(checkpoint)
    before = torch.get_rng_state()
    first = unseen.ask(network, processor, questions[:8], sampled=True)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert unseen.ask(network, processor, questions[:8], sampled=True) == first
    assert first != unseen.ask(network, processor, questions[:8])


def test_a_dataset_of_crops_lies_in_the_part_asked_for_and_is_built_once(
    scenes: list[world.Photo], tmp_path: Path
) -> None:
    dataset = data.shards(scenes, tmp_path, 4, part="test")
    recipe = pq.read_table(dataset / "recipe.parquet", columns=["split"])
    assert set(recipe["split"].to_pylist()) == {"test"}
    with held(Layout(dataset).work / "lock", "another seed"):
        assert data.shards(scenes, tmp_path, 4, part="test") == dataset


def test_the_demo_knows_the_best_answers_that_look_at_nothing() -> None:
    described = {"task": "description", "scene": "a", "mode": "fr", "object": "left part", "distortion": "blur"}
    pointed = {"task": "grounding", "scene": "a", "mode": "fr"}
    truths = [
        {**described, "severity_label": "severe"},
        {**described, "severity_label": "slight", "object": "top part"},
        {**described, "severity_label": "severe", "distortion": "noise"},
        *[{**pointed, "box": [0, 0, 56, 112]}] * 2,
        {**pointed, "box": [56, 0, 112, 112]},
    ]
    assert demo.best_answers(truths) == {
        "description": "<answer>left part / blur / severe</answer>",
        "grounding": "<answer>0,0,56,112</answer>",
    }
