"""Which of two images is better, in both orders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from tests.trainer.evaluation.conftest import prediction
from trainer.evaluation import pairs
from trainer.evaluation.suites import AS_STORED


@pytest.mark.parametrize(
    ("said", "chosen"),
    [("Image A", "Image A"), ("image b.", "Image B"), ("B", "Image B"), ("both", None), ("Image A or Image B", None)],
)
def test_the_answer_names_one_image(said: str, chosen: str | None) -> None:
    assert pairs.better(f"<think>Image B is soft</think><answer>{said}</answer>") == chosen
    assert pairs.better(said) is None  # without its tags it is no answer


def test_every_pair_is_asked_in_both_orders(pictures: Path) -> None:
    rows = pairs.PairRows(pairs.read(pictures / "pairs.csv"), AS_STORED)
    assert len(rows.datasets) == 6
    given, swapped = rows[2], rows[3]  # 3.png and 1.png, b is better, reference 0.png
    assert given["truth"]["images"] == ["0.png", "3.png", "1.png"]
    assert swapped["truth"]["images"] == ["0.png", "1.png", "3.png"]
    assert (given["solution"], swapped["solution"]) == ("Image B", "Image A")
    kinds = [part["type"] for part in given["prompt"][1]["content"]]
    assert kinds.count("image") == len(given["images"]) == 3
    assert [part["type"] for part in rows[0]["prompt"][1]["content"]].count("image") == len(rows[0]["images"]) == 2


def test_the_papers_words_with_an_image_where_they_name_one() -> None:
    parts = pairs._ask("reference")[1]["content"]
    text = "".join(part.get("text", "<image>") for part in parts)
    assert text.startswith(
        "Given reference low-quality image: <image>, Image A: <image> and Image B: <image>. Image A and"
    )
    assert text.endswith('Your answer should be "Image A" or "Image B".')


def test_the_table_by_hand() -> None:
    # pair 0: right in both orders; pair 1: "Image A" in both, so its image changes; pair 2: one unread, one right
    said = [("Image A", "Image A"), ("Image B", "Image B"), ("Image A", "Image A"), ("Image B", "Image A")]
    said += [("Image A", "?"), ("Image B", "Image B")]
    predictions = [
        prediction(f"<answer>{answer}</answer>", index=i, row_id=f"{i // 2}/x", mode="alone", solution=truth)
        for i, (truth, answer) in enumerate(said)
    ]
    (table,) = pairs.tables({"comparison p": predictions})
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["as given"], row["swapped"], row["accuracy"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 4 / 6)
    assert row["right in both"] == pytest.approx(1 / 3)
    assert row["order changes the answer"] == 0.5  # pair 1 of the readable pairs 0 and 1
    assert (row["shown"], row["pairs"], row["unread"]) == ("without reference", 3, 1)


def test_a_pair_with_a_damaged_or_missing_image_is_left_out_and_named(pictures: Path, tmp_path: Path) -> None:
    for name in ("0.png", "1.png"):
        shutil.copy(pictures / name, tmp_path)
    (tmp_path / "2.png").write_bytes((pictures / "2.png").read_bytes()[:900])
    lines = ["0.png,1.png,a,", "1.png,2.png,b,", "0.png,1.png,b,2.png", "0.png,9.png,a,"]
    (tmp_path / "some.csv").write_text("image_a,image_b,better,reference\n" + "\n".join(lines))
    found = pairs.read(tmp_path / "some.csv")
    assert [pair.where for pair in found.asked] == ["row 2"]
    assert [line.split(": ")[:3] for line in found.missing] == [
        ["row 3", str(tmp_path / "2.png"), "cannot be read as an image"],
        ["row 4", str(tmp_path / "2.png"), "cannot be read as an image"],
        ["row 5", str(tmp_path / "9.png"), "no such image"],
    ]
    shutil.copy(pictures / "2.png", tmp_path)
    repaired = pairs.read(tmp_path / "some.csv")
    assert pairs.suite(found, AS_STORED).fingerprint != pairs.suite(repaired, AS_STORED).fingerprint
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "1.png").unlink()
    with pytest.raises(UserError, match=r"some\.csv: none of its images can be read\. row 2: .*0\.png"):
        pairs.read(tmp_path / "some.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_a,image_b\n0.png,1.png\n", "no column better"),
        ("image_a,image_b,better\n", "no pairs"),
        ("image_a,image_b,better\n0.png,1.png,c\n", "row 2: better must be a or b, not 'c'"),
        (
            "image_a,image_b,better\n0.png,9.png,a\n",
            "none of its images can be read. row 2: .*9.png: no such",
        ),
        ("better,image_a,image_b\na,0.png\n", "row 2: .*: no such image"),
    ],
)
def test_a_file_that_is_not_in_the_form_is_refused(pictures: Path, text: str, message: str) -> None:
    path = pictures / "bad.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        pairs.read(path)


def test_a_file_that_is_not_utf_8_is_refused_in_a_line(pictures: Path) -> None:
    path = pictures / "latin.csv"
    path.write_bytes("image_a,image_b,better\nété.png,1.png,a\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.csv: not a UTF-8 file\. Save it as UTF-8"):
        pairs.read(path)
