"""Tables 1 and 2 from answers written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from distortions import groups
from tests.trainer.evaluation.conftest import prediction
from trainer.evaluation import perception
from trainer.evaluation.confusion import UNREAD
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.tables import Table


def described(
    index: int, text: str, distortion: str, severity: str, mode: str = "fr", object: str = "cup"
) -> Prediction:
    truth = {
        "task": "description",
        "mode": mode,
        "object": object,
        "distortion": distortion,
        "severity_label": severity,
    }
    return prediction(text, index=index, row_id=f"s{index}-description-{mode}", **truth)


def grounded(index: int, text: str, distortion: str = "blur", mode: str = "fr", severity: str = "slight") -> Prediction:
    truth: dict[str, Any] = {"task": "grounding", "mode": mode, "distortion": distortion, "severity_label": severity}
    return prediction(
        text, index=index, row_id=f"s{index}-grounding-{mode}", box=[0, 0, 10, 10], scene=f"photo {index % 2}", **truth
    )


DESCRIBED = [
    described(0, "<answer>cup / blur / severe</answer>", "blur", "severe"),
    described(1, "<answer>cup / noise / slight</answer>", "blur", "severe"),
    described(2, "<answer>spoon / blur / severe</answer>", "blur", "severe", mode="nr"),
    described(3, "no idea", "pixelate", "slight", mode="nr"),
    described(4, "<answer>cup / pixelate / slight</answer>", "pixelate", "slight", mode="nr"),
]
GROUNDED = [
    grounded(5, "<answer>0,0,10,10</answer>"),  # 1
    grounded(6, "<answer>0,0,10,5</answer>", "pixelate"),  # 50 of 100
    grounded(7, "<answer>5,5,15,15</answer>", mode="nr"),  # 25 of 175
    grounded(8, "<answer>10,10,0,0</answer>", mode="nr", severity="severe"),  # swapped corners: 0
    grounded(9, "everywhere", mode="nr"),  # unread: 0
]


def cells(table: Table, *label: str) -> dict[str, Any]:
    row = next(row for row in table.rows if row[: len(label)] == label)
    return dict(zip(table.columns, row, strict=True))


def test_accuracy_by_part_group_ease_and_mode() -> None:
    table = perception.tables({"perception d": [*DESCRIBED, *GROUNDED]})[0]
    whole = cells(table, "all three", "both")
    assert (whole["blur"], whole["pixelate"], whole["noise"]) == (pytest.approx(1 / 3), 0.5, None)
    assert (whole["easy"], whole["hard"], whole["overall"]) == (pytest.approx(1 / 3), 0.5, 0.4)
    assert (whole["questions"], whole["unread"]) == (5, 1)
    assert [cells(table, part, "both")["overall"] for part in ("object", "distortion", "severity")] == [0.6, 0.6, 0.6]
    assert (cells(table, "all three", "FR")["overall"], cells(table, "all three", "NR")["overall"]) == (0.5, 1 / 3)


def test_iou_counts_unread_and_swapped_boxes_as_nothing() -> None:
    whole = cells(perception.tables({"perception d": GROUNDED})[1], "IoU", "both")
    assert whole["overall"] == pytest.approx((1 + 0.5 + 1 / 7) / 5)
    assert (whole["blur"], whole["pixelate"]) == (pytest.approx((1 + 1 / 7) / 4), 0.5)
    assert (whole["questions"], whole["unread"]) == (5, 1)


def test_measures_say_what_the_tables_say_and_keep_a_scene_together() -> None:
    found = {measure.name: measure for measure in perception.measures([*DESCRIBED, *GROUNDED])}
    assert found["description, all three, overall"].number == 0.4
    assert found["description, distortion, hard"].number == 0.5
    assert found["grounding, IoU, NR"].number == pytest.approx(1 / 21)
    assert found["grounding, IoU, NR"].scenes == ("photo 1", "photo 0", "photo 1")


def test_confusions_count_every_answer() -> None:
    distortion, severity = perception.confusions({"perception d": DESCRIBED})
    blur, noise = distortion.labels.index("blur"), distortion.labels.index("noise")
    assert (distortion.counts[blur, blur], distortion.counts[blur, noise]) == (2, 1)
    assert distortion.counts[distortion.labels.index("pixelate"), -1] == 1  # the unread one
    assert distortion.counts.sum() == severity.counts.sum() == 5
    assert distortion.table().columns[-1] == UNREAD
    assert np.trace(severity.counts) == 3


def test_the_worst_are_the_lowest_and_of_those_the_most_severe() -> None:
    assert [prediction.index for prediction in perception.worst([*DESCRIBED, *GROUNDED], 4)] == [8, 9, 7, 6]


def test_the_columns_are_the_papers_with_the_easy_groups_first() -> None:
    assert perception.COLUMNS[:5] == ("blur", "noise", "compression", "overexposure", "underexposure")
    assert len(set(perception.COLUMNS)) == 12


def test_a_dataset_of_another_family_has_its_groups_as_columns_and_no_ease() -> None:
    said = "<answer>cup / color distortion / severe</answer>"
    made = [
        described(0, said, "color distortion", "severe"),
        described(1, said, "brightness change", "severe"),
        described(2, "<answer>cup / blur / severe</answer>", "blur", "severe"),
    ]
    table = perception.tables({"perception k": made})[0]
    assert table.columns[2:9] == tuple(groups("kadid-10k").values())
    row = cells(table, "distortion", "both")
    assert (row["color distortion"], row["brightness change"], row["blur"]) == (1, 0, 1)
    assert (row["overall"], row["easy"], row["hard"]) == (pytest.approx(2 / 3), None, None)
    confusion = perception.confusions({"perception k": made})[0]
    assert confusion.labels == tuple(groups("kadid-10k").values())
    values = {measure.name: measure.number for measure in perception.measures(made)}
    assert (
        values["description, distortion, overall"] == pytest.approx(2 / 3)
        and values["description, all three, easy"] is None
    )


def test_of_whole_images_no_object_is_measured() -> None:
    whole = [
        described(0, "<answer>blur / severe</answer>", "blur", "severe", object=""),
        described(1, "<answer>blur / severe</answer>", "blur", "slight", object=""),
        described(2, "<answer>cup / blur / severe</answer>", "blur", "severe", object=""),
    ]
    table = perception.tables({"perception d": whole})[0]
    assert {row[0] for row in table.rows} == {"both parts", "distortion", "severity"}
    assert cells(table, "both parts", "both")["overall"] == pytest.approx(1 / 3)
    assert cells(table, "distortion", "both")["overall"] == pytest.approx(2 / 3)
    assert cells(table, "severity", "both")["unread"] == 1
