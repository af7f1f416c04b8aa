"""The HTML sample page."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.data.prompts import ask
from trainer.data.rows import COLUMNS
from trainer.training.samples_page import SHOWN, Group, Rollout, write_page


def group(text: str, **row: Any) -> Group:
    whole = {
        **dict.fromkeys(COLUMNS),
        "prompt": ask("refine-iqa-think.v1"),
        "images": [Image.new("RGB", (112, 84))],
        "row_id": "row",
        "task": "score",
        "mode": "think",
        **row,
    }
    return Group(whole, [Rollout(text, {"answer": 1.0}, -0.25), Rollout("two", {"format": 0.0}, 0.5)])


def pictures(html: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_a_page_shows_prompt_rollouts_rewards_and_advantages(tmp_path: Path) -> None:
    write_page(tmp_path / "a" / "page.html", "run, step 3", [group("one", solution="3.40")])
    html = (tmp_path / "a" / "page.html").read_text()
    for word in ("run, step 3", "overall rating of the visual quality", "one", "two", "1.000", "-0.250", "3.40"):
        assert word in html
    assert [picture.size for picture in pictures(html)] == [(112, 84)]


def test_what_a_model_writes_is_not_html(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "run", [group("<script>alert(1)</script> <answer>")])
    html = (tmp_path / "page.html").read_text()
    assert "<script>" not in html
    assert "&lt;answer&gt;" in html


def test_the_true_and_the_answered_box_are_drawn_on_the_distorted_image(tmp_path: Path) -> None:
    images = [Image.new("RGB", (112, 84)), Image.new("RGB", (112, 84))]
    row = {"task": "grounding", "mode": "fr", "images": images, "box": (10.0, 10.0, 60.0, 60.0)}
    said = group("<answer>70,10,100,60</answer>", **row)
    swapped = group("<answer>100,60,70,10</answer>", **row)  # must not stop the page
    write_page(tmp_path / "page.html", "run", [said, swapped])
    first, second, *_ = pictures((tmp_path / "page.html").read_text())
    assert np.asarray(first).max() <= 20
    truth, answer = second.getpixel((10, 35)), second.getpixel((70, 35))
    assert truth[1] > 90 and truth[0] < 90  # green
    assert answer[0] > answer[1] > answer[2]  # orange
    assert images[1].getpixel((10, 35)) == (0, 0, 0)  # the row's own image is not drawn on


def test_a_page_stays_small(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "run", [group(f"text {i}") for i in range(SHOWN + 5)])
    assert (tmp_path / "page.html").read_text().count("<section>") == SHOWN


@pytest.mark.parametrize(
    "said", ["-900,10,999999,60", "0,0,999999,999999", "500,500,900,900", "0,0," + ",".join(["9" * 20] * 2)]
)
def test_a_box_beyond_the_image_does_not_stop_the_page(said: str, tmp_path: Path) -> None:
    row = {"task": "grounding", "mode": "nr", "box": (10.0, 10.0, 112.0, 84.0)}
    write_page(tmp_path / "page.html", "run", [group(f"<answer>{said}</answer>", **row)])
    picture = pictures((tmp_path / "page.html").read_text())[0]
    truth = picture.getpixel((111, 40))
    assert truth[1] > 90 and truth[0] < 90  # the true box's edge, on the image's last column


def test_an_answered_box_is_drawn_at_the_edge_it_leaves_by(tmp_path: Path) -> None:
    row = {"task": "grounding", "mode": "nr", "box": (10.0, 10.0, 20.0, 20.0)}
    write_page(tmp_path / "page.html", "run", [group("<answer>50,40,999999,999999</answer>", **row)])
    answer = pictures((tmp_path / "page.html").read_text())[0].getpixel((111, 60))
    assert answer[0] > answer[1] > answer[2]  # orange
