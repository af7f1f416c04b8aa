"""Published MOS datasets: their layouts written out in small, scales, parts and contents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from perception20k.core.errors import UserError
from tests.trainer.data.tables import pictures, refused, summary, write_csv, write_sheet
from trainer.data.mos import MosTable
from trainer.data.published import (
    PUBLISHED,
    agiqa_3k,
    bid,
    cid2013,
    csiq,
    kadid_10k,
    koniq_10k,
    live_c,
    pipal,
    spaq,
    tid2013,
)


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


def test_koniqs_sets_are_checked_as_well(tmp_path: Path) -> None:
    write_csv(tmp_path / "koniq10k_distributions_sets.csv", ["image_name", "MOS", "set"], ["0.jpg", 3, "heldout"])
    with pytest.raises(UserError, match="row 2: unknown split 'heldout'"):
        koniq_10k(tmp_path)


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


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_folder_without_the_published_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"below it\. Give the folder of the published dataset"):
        PUBLISHED[name](tmp_path)


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


def test_bid_is_found_by_its_numbers(tmp_path: Path) -> None:
    head = ["Image Number", "Average Subjective Grade", "std"]
    write_sheet(tmp_path / "DatabaseGrades.xlsx", "Plan1", head, [1, 2.5, 0.3], [586, 4.75, 0.2])
    pictures(tmp_path / "ImageDatabase", "DatabaseImage0001.JPG", "DatabaseImage0586.JPG")
    table = bid(tmp_path)
    assert summary(table) == [("DatabaseImage0001.JPG", 2.5, ""), ("DatabaseImage0586.JPG", 4.75, "")]
    assert (table.rows[0].low, table.rows[0].high) == (0, 5)


def test_cid2013_takes_the_realigned_scores_and_groups_by_cluster(tmp_path: Path) -> None:
    head = ["Source_ID", "Image set specific  MOS", "Realigned MOS"]
    rows = [["IS_I_C01_D01", 1, 40.5], ["IS_I_C01_D02", 2, 60], ["IS_VI_C02_D01", 3, 80]]
    write_sheet(tmp_path / "CID2013 data - version 12112014.xlsx", "CID2013 MOS", head, *rows)
    pictures(tmp_path, "IS1/co1/IS_I_C01_D01.jpg", "IS1/co1/IS_I_C01_D02.jpg", "IS6/co2/IS_VI_C02_D01.jpg")
    table = cid2013(tmp_path)
    assert [(row.mos, row.content) for row in table.rows] == [(40.5, "IS_I_C01"), (60, "IS_I_C01"), (80, "IS_VI_C02")]


def test_pipal_reads_a_file_a_reference_on_the_scale_of_its_scores(tmp_path: Path) -> None:
    (tmp_path / "Train_Label").mkdir()
    (tmp_path / "Train_Label" / "A0001.txt").write_text("A0001_00_00.bmp,1454.69\nA0001_00_01.bmp,1212.5\n")
    (tmp_path / "Train_Label" / "A0002.txt").write_text("A0002_03_07.bmp,1650.0\n")
    (tmp_path / "val_label.txt").write_text("A0201_10_00.bmp, 1300.5\n")
    pictures(tmp_path / "Train_Dist", "A0001_00_00.bmp", "A0001_00_01.bmp", "A0002_03_07.bmp")
    pictures(tmp_path / "Val_Dist", "A0201_10_00.bmp")
    table = pipal(tmp_path)
    assert [row.content for row in table.rows] == ["A0001", "A0001", "A0002", "A0201"]
    assert [row.scaled(0, 1) for row in table.rows[1:3]] == [0, 1]
    assert table.rows[3].mos == 1300.5
    assert [row.where for row in table.rows[1:3]] == ["A0001.txt: row 2", "A0002.txt: row 1"]


def test_tid2013s_files_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text("5.51429 I01_01_1.bmp\n3.00000 i25_24_5.bmp\n")
    pictures(tmp_path / "distorted_images", "i01_01_1.bmp", "I25_24_5.BMP")
    table = tid2013(tmp_path)
    assert summary(table) == [("i01_01_1.bmp", 5.514, ""), ("I25_24_5.BMP", 3, "")]
    assert [(row.content, row.high) for row in table.rows] == [("I01", 9), ("I25", 9)]


def test_a_score_that_is_none_names_file_and_row(tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text("5.5 I01_01_1.bmp\ngood I01_01_2.bmp\n")
    assert "mos_with_names.txt: row 2: the score 'good' is not a number" in refused(lambda: tid2013(tmp_path))
