"""The page of worst cases."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.evaluation.conftest import prediction
from trainer.data.rows import Row
from trainer.evaluation import report
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Suite


class Grey:
    """Grey images of 400 x 300."""

    datasets = ("d",) * 30

    def __getitem__(self, index: int) -> Row:
        return {"images": [Image.new("RGB", (400, 300), (128, 128, 128))]}


def asked(task: str, index: int, text: str) -> Prediction:
    truth = {"task": task, "mode": "fr", "distortion": "blur", "severity_label": "slight", "object": "<b>cup"}
    more = {"index": index, "suite": "perception <d>", "row_id": f"s{index}-{task}-fr", "dataset": "d"}
    return prediction(f"<answer>{text}</answer>", box=[20, 30, 120, 130], **truth, **more)


@pytest.fixture
def page(tmp_path: Path) -> str:
    found = [asked("grounding", i, f"200,150,{300 + i},250") for i in range(30)]
    found += [asked("description", 0, "<b>cup / blur / slight"), asked("description", 1, "<b>cup / blur / severe")]
    report.write(tmp_path, "Model & co", found, {"perception <d>": Suite("perception <d>", Grey(), "")})
    return (tmp_path / "index.html").read_text()


def test_the_24_worst_are_drawn_with_both_boxes(page: str) -> None:
    pictures = re.findall(r"<figure><img src=\"data:image/jpeg;base64,([^\"]+)", page)
    assert len(pictures) == 24
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[0]))).convert("RGB")).astype(int)
    assert pixels.shape == (300, 400, 3)

    def near(x: int, y: int, colour: tuple[int, int, int]) -> bool:
        return bool((abs(pixels[y - 2 : y + 5, x - 2 : x + 5] - colour).sum(-1) < 60).any())

    assert near(20, 80, (26, 152, 80)) and near(120, 80, (26, 152, 80))  # the truth, green
    assert near(200, 200, (242, 142, 43)) and near(300, 200, (242, 142, 43))  # the answer, orange
    assert not near(200, 200, (26, 152, 80))


def test_what_models_and_people_write_is_escaped_and_nothing_comes_from_elsewhere(page: str) -> None:
    assert "perception &lt;d&gt; (Refine-IQA, table 1), in %" in page and "Model &amp; co" in page
    assert "&lt;b&gt;cup" in page and "&lt;answer&gt;200,150" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "50.00" in page


def test_the_overview_ends_with_the_averages_over_datasets() -> None:
    found = [
        prediction(
            f"<answer>{score}</answer>", index=i, suite=f"scoring {name} think", dataset=name, mode="think", mos=i
        )
        for name, scores in (("d", (1, 2, 3)), ("e", (3, 2, 1)))
        for i, score in enumerate(scores)
    ]
    assert report.overview(found).rows[-2:] == (
        ("scoring, average of 2 datasets", "SRCC, think, number", "0.000"),
        ("scoring, average of 2 datasets", "PLCC, think, number", "0.000"),
    )
    assert all("average" not in str(row[0]) for row in report.overview(found[:3]).rows)
