"""MOS tables: published layouts written out in small, scales, splits, and images that are missing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from perception20k.core.errors import UserError
from trainer.data.mos import MosTable, agiqa_3k, csiq, kadid_10k, koniq_10k, live_c, read_csv, read_published, spaq


def pictures(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)


def write_csv(path: Path, *rows: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def write_sheet(path: Path, title: str, *rows: Sequence[Any]) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)


def summary(table: MosTable) -> list[tuple[str, float, str]]:
    return [(row.image.name, round(row.mos, 3), row.split) for row in table.rows]


def test_koniq_keeps_its_official_sets_on_1_to_100(tmp_path: Path) -> None:
    head = ["image_name", "c1", "c2", "c3", "c4", "c5", "c_total", "MOS", "SD", "set"]
    rows = [[f"{i}.jpg", *[0] * 6, mos, 0.5, part] for i, (mos, part) in enumerate(
        [(54.07, "training"), (80.1, "validation"), (12.3, "test")]
    )]  # fmt: skip
    write_csv(tmp_path / "koniq10k_distributions_sets.csv", head, *rows)
    pictures(tmp_path / "1024x768", "0.jpg", "1.jpg", "2.jpg")
    table = koniq_10k(tmp_path)
    assert summary(table) == [("0.jpg", 54.07, "train"), ("1.jpg", 80.1, "validation"), ("2.jpg", 12.3, "test")]
    assert (table.rows[0].low, table.rows[0].high) == (1, 100)
    # (54.07 - 1) / 99 x 5
    assert table.rows[0].scaled(0, 5) == pytest.approx(2.680303, abs=1e-6)
    assert [row.split for row in table.with_split().rows] == ["train", "validation", "test"]


def test_koniqs_other_file_rates_on_1_to_5_without_sets(tmp_path: Path) -> None:
    write_csv(tmp_path / "koniq10k_scores_and_distributions.csv", ["image_name", "MOS"], ["0.jpg", 3.0])
    pictures(tmp_path / "512x384", "0.jpg")
    row = koniq_10k(tmp_path).rows[0]
    assert (row.low, row.high, row.split, row.scaled(0, 5)) == (1, 5, "", 2.5)


def test_spaq(tmp_path: Path) -> None:
    write_sheet(
        tmp_path / "Annotations" / "MOS and Image attribute scores.xlsx",
        "Sheet1",
        ["Image name", "MOS", "Brightness"],
        ["00001.jpg", 60.8, 50],
        ["00002.jpg", 13.4, 50],
    )
    pictures(tmp_path / "TestImage", "00001.jpg", "00002.jpg")
    table = spaq(tmp_path)
    assert summary(table) == [("00001.jpg", 60.8, ""), ("00002.jpg", 13.4, "")]
    assert table.rows[0].scaled(0, 5) == pytest.approx(3.04)


def test_live_challenge_leaves_out_the_seven_training_images(tmp_path: Path) -> None:
    names = np.array([[np.array([f"{i}.bmp"])] for i in range(9)], dtype=object)
    (tmp_path / "Data").mkdir()
    savemat(tmp_path / "Data" / "AllImages_release.mat", {"AllImages_release": names})
    savemat(tmp_path / "Data" / "AllMOS_release.mat", {"AllMOS_release": np.arange(9.0)[None] * 10})
    pictures(tmp_path / "Images", "7.bmp", "8.bmp")
    assert summary(live_c(tmp_path)) == [("7.bmp", 70, ""), ("8.bmp", 80, "")]


def test_agiqa_takes_the_perceptual_quality_and_groups_by_prompt(tmp_path: Path) -> None:
    head = ["name", "prompt", "adj1", "adj2", "style", "mos_quality", "std_quality", "mos_align", "std_align"]
    rows = [[f"{i}.jpg", "a cat", "", "", "", 2.5, 0, 1, 0] for i in range(2)]
    write_csv(tmp_path / "data.csv", head, *rows)
    pictures(tmp_path / "images", "0.jpg", "1.jpg")
    table = agiqa_3k(tmp_path)
    assert (table.rows[0].mos, table.rows[0].high, {row.content for row in table.rows}) == (2.5, 5, {"a cat"})


def test_kadids_dmos_is_the_higher_the_better(tmp_path: Path) -> None:
    head = ["dist_img", "ref_img", "dmos", "var"]
    write_csv(tmp_path / "dmos.csv", head, ["I01_01_01.png", "I01.png", 4.57, 0.5])
    pictures(tmp_path / "images", "I01_01_01.png")
    row = kadid_10k(tmp_path).rows[0]
    assert (row.mos, row.low, row.high, row.content) == (4.57, 1, 5, "I01.png")


def test_csiq_is_turned_round_and_found_by_its_file_names(tmp_path: Path) -> None:
    write_sheet(
        tmp_path / "csiq.DMOS.xlsx",
        "all_by_image",
        ["CSIQ"],
        [],
        [],
        [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"],
        [None, None, None, 1600, 1, "noise", 1, 0.061, 0.062],
        [None, None, None, "trolley", 5, "jpeg 2000", 3, 0.1, 0.8],
        [None, None, None, None],
    )
    pictures(tmp_path / "dst_imgs", "awgn/1600.AWGN.1.png", "jpeg2000/trolley.jpeg2000.3.png")
    assert summary(csiq(tmp_path)) == [("1600.AWGN.1.png", 0.938, ""), ("trolley.jpeg2000.3.png", 0.2, "")]


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], ["a.png", 1, "train"], ["b/c.png", 5, "test"])
    pictures(tmp_path, "a.png", "b/c.png")
    table = read_csv(path, 1, 5)
    assert (table.dataset, summary(table)) == ("mine", [("a.png", 1, "train"), ("c.png", 5, "test")])
    assert [row.image.name for row in table.part("test").rows] == ["c.png"]


def test_the_parts_of_a_split_are_known_whatever_their_dress(tmp_path: Path) -> None:
    parts = ["train", "Training", " TRAIN ", "val", "Valid", "VALIDATION", "test", " Test", "TESTING"]
    rows = [[f"{i}.png", 3, part] for i, part in enumerate(parts)]
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows)
    pictures(tmp_path, *(row[0] for row in rows))
    table = read_csv(path, 1, 5)
    assert [row.split for row in table.rows] == ["train"] * 3 + ["validation"] * 3 + ["test"] * 3
    assert [row.image.name for row in table.with_split().part("test").rows] == ["6.png", "7.png", "8.png"]


def test_an_empty_split_column_is_none(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], ["a.png", 1, ""], ["b.png", 5, " "])
    pictures(tmp_path, "a.png", "b.png")
    assert [row.split for row in read_csv(path, 1, 5).rows] == ["", ""]


def test_koniqs_sets_are_checked_as_well(tmp_path: Path) -> None:
    write_csv(tmp_path / "koniq10k_distributions_sets.csv", ["image_name", "MOS", "set"], ["0.jpg", 3, "heldout"])
    with pytest.raises(UserError, match="row 2: unknown split 'heldout'"):
        koniq_10k(tmp_path)


def test_missing_images_are_listed_and_not_replaced(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos"], ["a.png", 1], ["gone.png", 2], ["lost.png", 3])
    pictures(tmp_path, "a.png")
    table = read_csv(path, 1, 5)
    assert (summary(table), table.missing) == ([("a.png", 1, "")], ("gone.png", "lost.png"))


def test_without_an_official_split_contents_are_drawn_and_never_shared(tmp_path: Path) -> None:
    names = [f"I{content:02d}_{i}.png" for content in range(40) for i in range(3)]
    rows = [[name, name[:3] + ".png", 3, 0] for name in names]
    write_csv(tmp_path / "dmos.csv", ["dist_img", "ref_img", "dmos", "var"], *rows)
    pictures(tmp_path / "images", *names)
    table = kadid_10k(tmp_path).with_split()
    parts = {part: {row.content for row in table.part(part).rows} for part in ("train", "validation", "test")}
    assert sum(map(len, parts.values())) == 40  # no content is in two parts
    for part, expected in (("train", 24), ("validation", 8), ("test", 8)):  # 6:2:2, standard deviations 3.1 and 2.5
        assert abs(len(parts[part]) - expected) <= 8
    assert table == kadid_10k(tmp_path).with_split()


@pytest.mark.slow
def test_the_papers_sizes_follow_from_the_files_of_the_datasets(tmp_path: Path) -> None:
    """KonIQ-10k's official sets and SPAQ's 11,125 images: Refine-IQA's "13K" and 2,400 steps, Q-Insight's 7,000."""
    sets = {"training": 7058, "validation": 1000, "test": 2015}
    names = [f"{i}.jpg" for i in range(sum(sets.values()))]
    parts = [name for name, count in sets.items() for _ in range(count)]
    rows = [[name, 50, part] for name, part in zip(names, parts, strict=True)]
    write_csv(tmp_path / "koniq10k_distributions_sets.csv", ["image_name", "MOS", "set"], *rows)
    (tmp_path / "1024x768").mkdir()
    for name in names:
        (tmp_path / "1024x768" / name).touch()
    koniq = koniq_10k(tmp_path).with_split()
    rated = tuple(replace(koniq.rows[0], split="", content=f"{i:05d}.jpg") for i in range(1, 11126))
    other = MosTable("spaq", rated).with_split()
    assert [len(koniq.part(part).rows) for part in ("train", "validation", "test")] == [7058, 1000, 2015]
    assert len(koniq.part("train", "validation").rows) == 8058
    trained = len(koniq.part("train").rows) + len(other.part("train").rows)
    assert trained == pytest.approx(13_733, abs=150)
    assert trained * 3 // (8 * 2) == pytest.approx(2_550, abs=50)  # 3 epochs of 8 prompts, 2 accumulated


def test_an_image_that_cannot_be_decoded_is_left_out_with_the_reason(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "mine.csv", ["image", "mos"], *([f"{name}.png", 1] for name in ("good", "torn", "text"))
    )
    pictures(tmp_path, "good.png", "torn.png", "text.png")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "torn.png").read_bytes()[:4000])
    (tmp_path / "text.png").write_text("no image")
    table = read_csv(path, 1, 5).readable()
    assert [row.image.name for row in table.rows] == ["good.png"]
    torn, text = table.missing
    assert torn.startswith(f"{tmp_path / 'torn.png'}: cannot be read as an image: damaged image: ")
    assert text == f"{tmp_path / 'text.png'}: cannot be read as an image: not an image in a known format"


@pytest.mark.parametrize("second", [["a.png", 2, "train"], ["a.png", 1, "test"]])
def test_an_image_with_two_scores_or_in_two_parts_is_refused(second: list[Any], tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png")
    rows = (["a.png", 1, "train"], ["b.png", 1, "train"])
    assert len(read_csv(write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows), 1, 5).rows) == 2
    with pytest.raises(UserError, match=r"mine\.csv: a\.png is in it twice, with different scores"):
        read_csv(write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows, second), 1, 5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["image", "score"], ["a.png", 1]], "no column mos. It has: image, score"),
        ([["image", "mos"], ["a.png", "good"]], "row 2: the score 'good' is not a number"),
        ([["image", "mos"], ["a.png", "nan"]], "row 2: the score 'nan' is not a number"),
        ([["image", "mos"], ["a.png", 9]], "a.png: MOS 9 is outside the scale 1..5"),
        ([["image", "mos"], ["gone.png", 1]], "none of its 1 images is on disk"),
        (
            [["image", "mos", "split"], ["a.png", 1, "train"], ["a.png", 1, "tset"]],
            "row 3: unknown split 'tset'. Known:",
        ),
        ([["image", "mos", "split"], ["a.png", 1, ""], ["a.png", 1, "test"]], "row 2: no split, where other rows have"),
    ],
)
def test_a_wrong_table_is_refused_in_a_line(rows: list[list[Any]], message: str, tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    with pytest.raises(UserError) as error:
        read_csv(write_csv(tmp_path / "mine.csv", *rows), 1, 5)
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["koniq-10k", "spaq", "live-c", "agiqa-3k", "kadid-10k", "csiq"])
def test_a_folder_without_the_published_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"below it\. Give the folder of the published dataset"):
        read_published(name, tmp_path)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("image,mos\nimé.png,3\n".encode("latin-1"))
    assert "l.csv: not a UTF-8 file" in refused(lambda: read_csv(tmp_path / "l.csv", 0, 5))


def test_a_broken_published_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MOS and Image attribute scores.xlsx").write_bytes(b"no workbook")
    assert "scores.xlsx: not a readable .xlsx workbook" in refused(lambda: spaq(tmp_path))
    for name in ("AllImages_release.mat", "AllMOS_release.mat"):
        (tmp_path / name).write_bytes(b"no matrix")
    assert "AllImages_release.mat: no readable MATLAB file" in refused(lambda: live_c(tmp_path))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1600, "awgn", 1, 0.1], "row 2: unknown dst_type 'awgn'. Known: noise, blur"),
        ([1600, "noise", "first", 0.1], "row 2: the level 'first' is not a number"),
    ],
)
def test_a_csiq_row_that_names_no_file_is_refused(row: list[Any], message: str, tmp_path: Path) -> None:
    write_sheet(tmp_path / "csiq.DMOS.xlsx", "all_by_image", ["image", "dst_type", "dst_lev", "dmos"], row)
    assert message in refused(lambda: csiq(tmp_path))
