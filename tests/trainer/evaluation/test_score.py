"""One's own photos: what the table holds, boxes in the photo's own pixels, resumed, and what is refused."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from trainer.data.boxes import Grid
from trainer.evaluation import score as scoring
from trainer.evaluation.predictions import read_predictions
from trainer.evaluation.score import ScoreConfig, score
from trainer.evaluation.suites import Response

THOUSANDTHS = Grid(step=28, min_pixels=1, max_pixels=10**9, thousandths=True)


class Speaker:
    """Answers from a list, in turn; fails where the list ends."""

    def __init__(self, *said: Response) -> None:
        self.said = list(said)
        self.grid = THOUSANDTHS

    def answer(self, rows: Sequence[Any], samples: int) -> list[list[Response] | None]:
        if len(rows) > len(self.said):
            raise KeyboardInterrupt
        return [[self.said.pop(0)] for _ in rows]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    for name, size in (("a.png", (200, 100)), ("b.jpg", (60, 60)), ("deeper/c.png", (60, 60))):
        Image.new("RGB", size, "grey").save(folder / name)
    (folder / "notes.txt").write_text("no photo")
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def speaks(monkeypatch: pytest.MonkeyPatch, *said: Response) -> None:
    monkeypatch.setattr(scoring, "predictor", lambda asking, device, reporter: nullcontext(Speaker(*said)))


def test_quality_is_read_out_by_number_and_by_probability(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Response("<think>fine</think><answer>Score: 3.4</answer>", (0, 0, 0.5, 0.5, 0))
    speaks(monkeypatch, good, Response("no idea"), Response("<answer>Score: 1.0</answer>"))
    out = tmp_path / "scores.csv"
    score(ScoreConfig(model="any"), photos, out)
    lines = table(out)
    assert [line["image"] for line in lines] == ["a.png", "b.jpg", "deeper/c.png"]
    assert [(line["score"], line["probability"]) for line in lines] == [("3.4", "3.0"), ("", ""), ("1.0", "")]
    page = out.with_suffix(".html").read_text()
    assert page.index("deeper/c.png") < page.index("a.png") < page.index("b.jpg")  # the lowest first, unread last
    assert page.count("data:image/jpeg") == 3
    assert "Quality of photos by any" in page and "Scores from 0 to 5" in page and "All 3 photos are shown" in page


def test_a_box_is_in_pixels_of_the_photo_whatever_the_models_frame(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = ("100,500,1000,1000", "900,500,1200,1100", "1100,0,1200,50")  # inside, across the edge, outside
    speaks(monkeypatch, *(Response(f"<answer>{box}</answer>") for box in boxes))
    score(ScoreConfig(model="any", task="boxes"), photos, tmp_path / "boxes.csv")
    found = [[line[name] for name in ("x1", "y1", "x2", "y2")] for line in table(tmp_path / "boxes.csv")]
    assert found == [["20", "50", "200", "100"], ["54", "30", "60", "60"], [""] * 4]


def test_a_description_is_taken_apart(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaks(monkeypatch, *[Response("<answer>Sky / Noise / severe</answer>")] * 3)
    score(ScoreConfig(model="any", task="description", objects=("sky", "sea")), photos, tmp_path / "what.csv")
    first = table(tmp_path / "what.csv")[0]
    assert (first["object"], first["distortion"], first["severity"]) == ("sky", "noise", "severe")


def test_a_description_without_objects_is_about_the_whole_photo(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks(monkeypatch, *[Response("<answer>Noise / severe</answer>")] * 3)
    score(ScoreConfig(model="any", task="description"), photos, tmp_path / "what.csv")
    first = table(tmp_path / "what.csv")[0]
    assert (first["object"], first["distortion"], first["severity"]) == ("", "noise", "severe")


def test_a_stopped_run_asks_what_is_missing_and_changed_photos_are_told(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, said = tmp_path / "scores.csv", [Response(f"<answer>Score: {i}.0</answer>") for i in (1, 2, 3)]
    config = ScoreConfig(model="any", batch=1)
    speaks(monkeypatch, *said[:2])
    with pytest.raises(KeyboardInterrupt):
        score(config, photos, out)
    speaks(monkeypatch, said[2])
    score(config, photos, out)
    assert [line["score"] for line in table(out)] == ["1.0", "2.0", "3.0"]
    speaks(monkeypatch)
    score(config, photos, out)  # all is answered
    Image.new("RGB", (60, 60), "red").save(photos / "b.jpg")
    with pytest.raises(UserError, match="the questions have changed since"):
        score(config, photos, out)


def test_a_damaged_photo_is_told_before_the_first_question_and_is_a_line_with_its_reason(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "b.jpg").write_bytes(b"no photo")
    said: list[str] = []
    speaks(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        score(ScoreConfig(model="any"), photos, tmp_path / "scores.csv", Reporter(said.append))
    told = tmp_path / "scores.answers" / "missing-images.txt"
    assert told.read_text().startswith(f"b.jpg: {photos / 'b.jpg'}: cannot be read") and str(told) in "".join(said)
    speaks(monkeypatch, *[Response("<answer>Score: 2.0</answer>")] * 2)
    score(ScoreConfig(model="any"), photos, tmp_path / "scores.csv")
    last = table(tmp_path / "scores.csv")[-1]
    assert last["image"] == "b.jpg"  # as the others are named
    assert last["error"] == "cannot be read as an image: not an image in a known format"
    page = (tmp_path / "scores.html").read_text()
    assert "1 more could not be opened; why is in" in page and 'href="scores.csv"' in page


def test_names_that_are_not_utf_8_are_escaped(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "b.jpg").rename(photos / os.fsdecode(b"b\xe9.jpg"))
    (photos / os.fsdecode(b"d\xe9.jpg")).write_bytes(b"no photo")
    speaks(monkeypatch, *[Response("<answer>Score: 2.0</answer>")] * 3)
    score(ScoreConfig(model="any"), photos, tmp_path / "scores.csv")
    assert [line["image"] for line in table(tmp_path / "scores.csv")] == [
        "a.png",
        r"b\xe9.jpg",
        "deeper/c.png",
        r"d\xe9.jpg",
    ]


def test_what_cannot_be_scored_is_refused_in_a_line(photos: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "mine.csv").write_text("mine")
    config = ScoreConfig(model="scripted:constant")
    for folder, out, message in (
        (empty, "scores.csv", "no image in it"),
        (tmp_path / "none", "scores.csv", "no such folder or file"),
        (photos, "mine.csv", "exists, and was not written by score"),
    ):
        with pytest.raises(UserError, match=message):
            score(config, folder, tmp_path / out)
    shutil.rmtree(photos / "deeper")
    for photo in photos.glob("*.*g"):
        photo.write_bytes(b"no photo")
    with pytest.raises(UserError, match="none of its images can be read"):
        score(config, photos, tmp_path / "scores.csv")


def test_a_real_model_scores_a_folder(photos: Path, tiny: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    out = tmp_path / "scores.csv"
    cli("score", tiny, photos, "-o", out, "--max-tokens", 8, "--ask", "no-think")
    assert len(table(out)) == 3
    assert len(read_predictions(tmp_path / "scores.answers" / "predictions.parquet")) == 3
