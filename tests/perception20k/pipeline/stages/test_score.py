"""The score stage: metrics on real photos, tables of the user's own, and the filter."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import csv, parquet

from perception20k.config import Score
from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.pipeline.stages.discover import SourceFile
from perception20k.pipeline.stages.score import ScoreStage, ScoreTable, good_enough
from perception20k.pipeline.stages.sources import Candidate, Ingest, candidates_of
from perception20k.publish.provenance import metric_notes
from tests.perception20k.hub import Hub


def candidate(path: Path) -> Candidate:
    return candidates_of(SourceFile(path, path.name), Ingest(1).process_one(SourceFile(path, path.name)))[0]


def source(origin: str) -> Source:
    return Source("0" * 16, "f", "d", 640, 480, origin)


@pytest.mark.slow
def test_a_batch_of_photos_of_different_sizes_is_scored_in_its_order(photos: Path) -> None:
    batch = [candidate(photos / name) for name in ("salon.png", "tulips.png", "nuthatch.jpg", "salon.png")]
    stage = ScoreStage("piqe")
    stage.setup()
    together = [outcome.value for outcome in stage.process(batch)]
    assert together == [stage.process([item])[0].value for item in batch]
    assert together[0] == together[3] and len(set(together)) == 3
    assert all(0 <= value <= 100 for value in together)


def test_a_photo_that_cannot_be_scored_is_no_harm_to_its_batch(tmp_path: Path, photos: Path) -> None:
    shutil.copy(photos / "salon.png", tmp_path / "good.png")
    Image.fromarray(np.full((3, 3, 3), 9, np.uint8)).save(tmp_path / "tiny.png")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "gone.png")
    batch = [candidate(tmp_path / name) for name in ("tiny.png", "gone.png", "good.png")]
    (tmp_path / "gone.png").unlink()
    stage = ScoreStage("piqe")
    stage.setup()
    tiny, gone, good = stage.process(batch)
    assert "the file is gone" in (gone.error or "")
    assert good.error is None and 0 <= good.value <= 100
    assert tiny.error or 0 <= tiny.value <= 100


def test_the_key_knows_image_metric_and_weights_and_nothing_else(photos: Path) -> None:
    one, two = candidate(photos / "salon.png"), candidate(photos / "tulips.png")
    keys = {ScoreStage(metric).key(item) for metric in ("brisque", "piqe") for item in (one, two)}
    assert len(keys) == 4
    assert ScoreStage("piqe").key(one) == ScoreStage("piqe").key(Candidate(Path("elsewhere"), one.source))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_scores_of_ones_own_come_from_a_table(tmp_path: Path, suffix: str) -> None:
    table = pa.table(
        {"file": ["b/a.jpg", "c.jpg", "d.mp4", "e.mp4#frame=3"], "mos": [1.0, 3.0, 4.0, 9.0], "n": [1, 2, 3, 4]}
    )
    if suffix == "csv":
        csv.write_csv(table, tmp_path / "t.csv")
    else:
        parquet.write_table(table, tmp_path / "t.parquet")
    scores = ScoreTable(Score("mos", table=str(tmp_path / f"t.{suffix}"), range=(1, 5)))
    # 1..5 to 0..100: 1 is 0, 3 is 50, 4 is 75, and 9 is clipped
    assert scores.find(source("b/a.jpg")) == 0.0
    assert scores.find(source("somewhere/c.jpg")) == 50.0
    assert scores.find(source("d.mp4#frame=7")) == 75.0
    assert scores.find(source("x/e.mp4#frame=3")) == 100.0
    assert scores.find(source("a.jpg")) == Reason("not_listed", f"t.{suffix} has no score for this file")
    assert ScoreTable(Score("n", table=str(tmp_path / f"t.{suffix}"), range=(4, 2))).find(source("c.jpg")) == 100.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,mos\na.jpg,1\n", "no column 'file'. Columns: name, mos"),
        ("file,score\na.jpg,1\n", "no column 'mos'"),
        ("file,mos\na.jpg,good\n", "row 1: 'good' is not a score"),
        ("file,mos\na.jpg,1\nb.jpg,poor\n", "row 2: 'poor' is not a score"),
        ("file,mos\na.jpg,1\nb.jpg,inf\n", "row 2: inf is not a score"),
        ("file,mos\na.jpg,true\n", "row 1: True is not a score"),
        ("file,mos,mos\na.jpg,1,1\n", "duplicate column 'mos'"),
        ("file,file,mos\na.jpg,b.jpg,1\n", "duplicate column 'file'"),
        ("file,mos\na.jpg,1\n./a.jpg,2\n", "row 2: a second score for './a.jpg'"),
        ("file,mos\na.jpg,1\na.jpg,2\n", "row 2: a second score for 'a.jpg'"),
        ("file,mos\na.jpg,1,2\n", "not a table of scores"),
        (None, "no such table of scores"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError) as caught:
        ScoreTable(Score("mos", table=str(tmp_path / "t.csv")))
    assert message in str(caught.value) and "t.csv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_empty_score_drops_its_image_alone(tmp_path: Path, suffix: str) -> None:
    table = pa.table({"file": ["a.jpg", "b.jpg", "c.jpg"], "mos": [90.0, None, float("nan")]})
    if suffix == "csv":
        (tmp_path / "t.csv").write_text("file,mos\na.jpg,90\nb.jpg,\nc.jpg,nan\n")
    else:
        parquet.write_table(table, tmp_path / "t.parquet")
    scores = ScoreTable(Score("mos", table=str(tmp_path / f"t.{suffix}")))
    assert scores.find(source("a.jpg")) == 90.0
    for name in ("b.jpg", "c.jpg"):
        reason = Reason("not_listed", f"t.{suffix} has an empty score for this file")
        assert scores.find(source(name)) == reason


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbffile,mos\na.jpg,90\n")
    assert ScoreTable(Score("mos", table=str(tmp_path / "t.csv"))).find(source("a.jpg")) == 90.0


def test_a_name_that_two_photos_share_gives_its_score_to_neither(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,mos\na.jpg,90\nv.mp4,80\nw.mp4,70\nx/b.jpg,60\nb.jpg,50\n")
    frames = ["x/w.mp4#frame=1", "x/w.mp4#frame=2", "x/v.mp4#frame=1", "y/v.mp4#frame=1"]
    origins = ["x/a.jpg", "y/a.jpg", "x/b.jpg", "y/b.jpg", *frames]
    scores = ScoreTable(Score("mos", table=str(tmp_path / "t.csv")), origins)
    found = {origin: scores.find(source(origin)) for origin in origins}
    photo = Reason("ambiguous_name", "ambiguous: 'a.jpg' matches x/a.jpg and y/a.jpg")
    video = Reason("ambiguous_name", "ambiguous: 'v.mp4' matches x/v.mp4 and y/v.mp4")
    assert list(found.values()) == [photo, photo, 60.0, 50.0, 70.0, 70.0, video, video]


def test_an_image_is_kept_when_every_metric_agrees() -> None:
    wanted = (Score("a", 80), Score("b", 60))
    assert good_enough({"a": 80.0, "b": 60.0}, wanted) is None
    assert good_enough({"a": 90.0, "b": 59.9}, wanted) == Reason("low_score", "b 59.9 is below 60")
    assert good_enough({"a": 1.0, "b": 2.0}, wanted) == Reason("low_score", "a 1.0 is below 80; b 2.0 is below 60")


def test_qalign_is_known_by_the_commit_of_its_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(tmp_path, monkeypatch)
    item = Candidate(Path("a"), source("a.jpg"))
    [note] = metric_notes((Score("qalign"),))
    assert note["revision"] == "q-future/one-align (main, commit unknown)"
    keys = {ScoreStage("qalign").key(item)}
    for text in ("{}", "{ }"):
        commit = hub.add("q-future/one-align", {"config.json": text})
        keys.add(ScoreStage("qalign").key(item))
        [note] = metric_notes((Score("qalign"),))
        assert note["revision"] == f"q-future/one-align ({commit})"
    assert len(keys) == 3


def test_the_notes_state_rule_revision_and_licence_of_every_metric() -> None:
    notes = metric_notes((Score("qalign"), Score("mos", 3, "x/mine.csv", (1, 5))))
    assert notes[0]["rule"] == "1 is 0, 5 is 100, linear, clipped"
    assert notes[0]["revision"].startswith("q-future/one-align (") and "Noncommercial" in notes[0]["licence"]
    assert notes[1]["rule"] == notes[0]["rule"] and "mine.csv" in notes[1]["revision"]
