from __future__ import annotations

import pytest

from annotate_app.reports.figures import FIGURES
from annotate_app.review.history import DecisionRow
from perception20k.dataset.records import Sample
from tests.perception20k.samples import BLANK


def judged(count: int) -> tuple[list[DecisionRow], dict[str, Sample]]:
    rows = [
        DecisionRow("s", "ann", k, str(k), "sample", "delete" if k % 3 == 0 else "accept", None, None, 1000.0 * k)
        for k in range(count)
    ]
    return rows, {row.sample_id: BLANK for row in rows}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 2, 40])
def test_figures_are_drawn_from_any_number_of_judgements(name: str, count: int) -> None:
    title, draw = FIGURES[name]
    svg = draw(*judged(count))
    assert svg.startswith("<svg")
    assert title


def test_an_untimed_judgement_is_left_out_of_the_times() -> None:
    rows, samples = judged(1)
    untimed = DecisionRow(**{**rows[0].__dict__, "dwell_ms": None})
    assert FIGURES["time"][1]([untimed], samples).startswith("<svg")
