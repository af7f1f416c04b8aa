"""A build of KADID-10k's types: its groups and labels all the way through to prompts, card, figures and review."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotate_app.review.batch import UNLIKE, compose
from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from distortions import catalog, find, groups
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples
from perception20k.imaging import images
from perception20k.pipeline.verify import verify
from tests.perception20k.cli.test_distort import run

KADID = "kadid-10k"
LABELS = groups(KADID)
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, photos: Path, cli: Cli) -> Layout:
    """Two photos' objects, seven samples of each."""
    folder = tmp_path_factory.mktemp("kadid")
    values = {
        "sources": [str(photos / "tulips.png"), "package:skimage/data/coffee.png"],
        "annotations": {"coco": "package:perception20k/sample/instances.json"},
        "score": None,
        "preset": KADID,
        "samples_per_object": 7,
        "test_fraction": 0.5,
    }
    (folder / "my.yaml").write_text(json.dumps(values))
    cli("build", folder / "my.yaml", "--out", folder / "dataset", "--workers", "1")
    return Layout(folder / "dataset")


def test_samples_are_of_the_preset_s_types_and_groups(built: Layout) -> None:
    samples = read_samples(built.recipe)
    assert {sample.preset for sample in samples} == {KADID}
    assert all(find(sample.type, KADID).group == sample.group for sample in samples)
    assert {sample.group for sample in samples} == set(LABELS)


def test_prompts_offer_the_preset_s_labels_and_solutions_use_them(built: Layout) -> None:
    rows = [row for path in sorted(built.shards.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    offered = ", ".join(f"‘{label}’" for label in LABELS.values()).replace(", ‘sharpness", ", and ‘sharpness")
    for row in rows:
        assert row["distortion"] == LABELS[row["group"]]
        if row["task"] == "description":
            text = "".join(part["text"] or "" for part in row["prompt"][0]["content"])
            assert f"Choose only one from {offered}." in text
            assert row["solution"] == f"{row['object']} / {row['distortion']} / {row['severity_label']}"
    assert {row["task"] for row in rows} == {"description", "grounding"}


def test_card_figures_and_statistics_tell_of_the_preset_s_groups(
    built: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    card = built.card.read_text(encoding="utf-8")
    assert "one\nof KADID-10k's 25 distortion types, in 7 groups" in card and "parameters `kadid-10k`" in card
    assert all(f"| {label} |" in card for label in LABELS.values()) and "overexposure" not in card
    stats = json.loads(built.stats.read_text(encoding="utf-8"))
    assert stats["preset"] == KADID and set(stats["parts"]["all"]["groups"]) == set(LABELS)
    assert sum(stats["parts"]["all"]["groups"].values()) == stats["samples"]
    assert run("stats", built.root) == 0
    said = capsys.readouterr().out
    assert all(label in said for label in LABELS.values()) and "overexposure" not in said
    for name in ("groups.png", "areas.png", "severities.png", "examples.png", "samples-01.png"):
        assert images.decode((built.figures / name).read_bytes()).std() > 5


def test_the_recipe_makes_the_same_samples_again(built: Layout) -> None:
    assert verify(built.root, remade=True) == []


def test_reviewers_read_the_preset_s_labels_and_wrong_ones_are_of_it_too(built: Layout) -> None:
    dataset = Dataset(built)
    items = compose(dataset, list(dataset.samples), Settings(catches=0.5), seed=5)
    label_of = {sample_id: LABELS[sample.group] for sample_id, sample in dataset.samples.items()}
    for item in items:
        if item.role == "wrong_label":
            unlike = UNLIKE["KADID-10k"][dataset.samples[item.sample_id].group]
            assert item.label in {LABELS[group] for group in unlike}
        else:
            assert item.label == label_of[item.sample_id]
    assert any(item.role == "wrong_label" for item in items)


@pytest.mark.parametrize("preset", ["refine-iqa", KADID])
def test_every_group_has_labels_that_are_wrong_for_it(preset: str) -> None:
    unlike = UNLIKE[catalog(preset)[0].family.title]
    assert set(unlike) == set(groups(preset))
    for group, others in unlike.items():
        assert others and group not in others and set(others) <= set(groups(preset))
