"""Real small things for the trainer's tests: a tiny model, real shards, rated images."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as photos

from distortions import distort
from trainer.data import prompts

if find_spec("trl") is None:  # a light install
    collect_ignore_glob = ["*"]

THOUGHTS = ["sharp and clean", "a little soft", "heavy noise on the whole picture", "dark, dull, blocky"]


@pytest.fixture(scope="session", autouse=True)
def _offline() -> Any:
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_HUB_OFFLINE", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen2.5-VL of 0.2 M parameters."""
    from tests.tiny_vlm import build_tiny

    names = ("refine-iqa-think.v1", "refine-iqa-no-think.v1", "q-insight-score.v1", "visualquality-r1.v1")
    texts = [prompts.prompt(name) for name in names] * 5
    texts += [f"<think>{thought}</think><answer>Score: 3.4</answer>" for thought in THOUGHTS] * 20
    return build_tiny(tmp_path_factory.mktemp("model") / "tiny", texts)


@pytest.fixture(scope="session")
def families(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A random model of every other family whose true classes are built to disk, beside the Qwen2.5-VL."""
    from tests.tiny_families import build_internvl, build_qwen3_vl

    texts = [f"<think>{thought}</think><answer>Score: 3.4</answer>" for thought in THOUGHTS] * 20
    folder = tmp_path_factory.mktemp("families")
    return {
        "Qwen2.5-VL": tiny,
        "Qwen3-VL": build_qwen3_vl(folder / "qwen3", texts),
        "InternVL": build_internvl(folder / "internvl", texts),
    }


@pytest.fixture(scope="session")
def processor(tiny: Path) -> Any:
    from trainer.models import load_processor

    return load_processor(str(tiny))


@pytest.fixture(scope="session")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two rated sets of distorted photos, as ``--data`` names them: 1..5 and 0..100."""
    folder = tmp_path_factory.mktemp("ratings")
    sources = {"first": photos.astronaut()[:160, :240], "second": photos.coffee()[:160, :240]}
    for (name, photo), top in zip(sources.items(), (5, 100), strict=True):
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["image", "mos", "split"])
            for i in range(10):
                severity = i % 5 + 1
                pixels = distort(np.ascontiguousarray(photo), "noise_gaussian_RGB", severity, seed=i)
                Image.fromarray(pixels).save(folder / f"{name}-{i}.png")
                writer.writerow([f"{name}-{i}.png", top * (6 - severity) / 5, "train" if i < 8 else "test"])
    return [f"{folder / 'first.csv'}:1-5", f"{folder / 'second.csv'}:0-100"]
