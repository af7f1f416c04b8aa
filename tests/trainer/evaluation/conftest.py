"""Questions of every kind, small and real, and one thread: two cores are shared by all that runs beside."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as photos

from distortions import distort
from trainer.evaluation.predictions import Prediction


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def prediction(
    text: str = "", *, index: int = 0, suite: str = "", row_id: str = "", draw: int = 0, **more: Any
) -> Prediction:
    """A prediction with a truth of the given words."""
    known = {name: more.pop(name, default) for name, default in (("digits", None), ("value", None), ("error", ""))}
    return Prediction(suite, index, draw, row_id or str(index), text, truth=more, **known)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one photo at five strengths of noise, 0.png the cleanest, as all kinds of questions about it."""
    folder = tmp_path_factory.mktemp("pictures")
    photo = np.ascontiguousarray(photos.astronaut()[:84, :112])
    for severity in range(5):
        pixels = distort(photo, "noise_gaussian_RGB", severity + 1, seed=severity)
        Image.fromarray(pixels).save(folder / f"{severity}.png")
    rated = [["image", "mos"], *([f"{i}.png", 4.6 - i] for i in range(5))]
    pairs = [
        ["image_a", "image_b", "better", "reference"],
        ["0.png", "4.png", "a", ""],
        ["3.png", "1.png", "b", "0.png"],
        ["2.png", "3.png", "a", "0.png"],
    ]
    for name, lines in (("rated.csv", rated), ("pairs.csv", pairs)):
        with (folder / name).open("w", newline="") as stream:
            csv.writer(stream).writerows(lines)
    (folder / "questions.json").write_text(json.dumps([question(i) for i in range(5)]))
    return folder


def question(i: int, **changed: Any) -> dict[str, Any]:
    """A question in Q-Bench's form; the right answer is A, A, B, B, C for i = 0..4."""
    candidates = ["Clean", "Noisy", "Dark"][: 2 if i % 3 == 0 else 3]
    asked = {
        "img_path": f"{i}.png",
        "question": "How noisy is {this} picture?",
        "candidates": candidates,
        "correct_ans": ["Clean", "Clean", "Noisy", "Noisy", "Dark"][i],
        "type": i % 3,
        "concern": i % 4,
    }
    return {key: value for key, value in {**asked, **changed}.items() if value is not None}
