"""Table 3 of Q-Insight from answers written by hand."""

from __future__ import annotations

import pytest

from tests.trainer.evaluation.conftest import prediction
from trainer.evaluation import degradation
from trainer.evaluation.measures import mean_of_classes


def said(distortion: str, severity: str) -> str:
    return f'<think>x</think><answer>{{"distortion_class": "{distortion}", "severity": "{severity}"}}</answer>'


ANSWERS = [  # truth, answer: class right, level right
    ("noise", "slight", said("noise", "slight")),  # 1 1
    ("noise", "slight", said("noise", "serious")),  # 1 0
    ("blur", "slight", said("noise", "slight")),  # 0 0: a right level needs the right class
    ("null", "null", said("null", "null")),  # 1 -
    ("darken", "obvious", "I cannot tell"),  # 0 0
]
RECORDS = [
    prediction(text, index=i, row_id=f"image{i // 2}/{name}", distortion=name, severity_label=level)
    for i, (name, level, text) in enumerate(ANSWERS)
]


def test_class_and_level_accuracy_with_averages_over_classes() -> None:
    (table,) = degradation.tables({"degradation d": RECORDS})
    classes, levels = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    # noise 1, blur 0, darken 0, null 1; compression was not asked
    assert [classes[name] for name in ("noise", "blur", "compression", "darken", "null")] == [1, 0, None, 0, 1]
    assert classes["average"] == pytest.approx(2 / 4)
    # noise 1/2, blur 0, darken 0; null has no level
    assert [levels[name] for name in ("noise", "blur", "darken", "null")] == [0.5, 0, 0, None]
    assert levels["average"] == pytest.approx(0.5 / 3)
    assert (classes["questions"], classes["unread"]) == (5, 1)


def test_the_papers_own_averages_are_means_of_its_columns() -> None:
    # Q-Insight, table 3: noise, blur, JPEG, darken, null; levels without null
    for columns, average in (((1.0, 0.9756, 1.0, 0.9027, 0.7603), 0.9277), ((0.5973, 0.4438, 0.5541, 0.3230), 0.4796)):
        marked = [(prediction(), accuracy) for accuracy in columns]
        found = mean_of_classes("accuracy", marked, range(len(columns)))
        assert found.number == pytest.approx(average, abs=5.1e-5)
