"""Two runs side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from perception20k.cli import cli as group
from perception20k.core.errors import UserError
from tests.trainer.evaluation.conftest import prediction
from trainer.evaluation import published
from trainer.evaluation.compare import compare
from trainer.evaluation.measures import bootstrap, correlations, mean_of
from trainer.evaluation.predictions import Prediction, write_predictions
from trainer.evaluation.statistics import interval, resamples
from trainer.evaluation.tables import Table


def scored(noise: float, count: int = 40, dataset: str = "d", way: str = "think", seed: int = 0) -> list[Prediction]:
    """Scores that are their MOS and some noise."""
    rng = np.random.default_rng(seed)
    mos = rng.uniform(1, 4, count)
    said = np.clip(mos + noise * rng.normal(size=count), 0, 5)
    return [
        prediction(
            f"<answer>{said[i]:.3f}</answer>",
            index=i,
            suite=f"scoring {dataset} {way}",
            dataset=dataset,
            mode=way,
            mos=mos[i],
        )
        for i in range(count)
    ]


def write(run: Path, found: list[Prediction], fingerprint: str = "x") -> Path:
    run.mkdir()
    write_predictions(run / "predictions.parquet", found)
    suites = {prediction.suite: fingerprint for prediction in found}
    (run / "run.json").write_text(json.dumps({"settings": {}, "suites": suites}))
    return run


def lines(tables: list[Table]) -> dict[str, tuple[Any, ...]]:
    return {str(row[1]): row[2:] for table in tables for row in table.rows}


@pytest.mark.slow
def test_a_difference_has_the_interval_of_paired_resamples(tmp_path: Path) -> None:
    first, second = scored(1.0), scored(0.3)
    found = lines(compare(write(tmp_path / "a", first), write(tmp_path / "b", second)))
    scenes, a, a_low, a_high, b, b_low, b_high, difference, low, high, mark = found["PLCC, think, number"]
    assert a_low < a < a_high and b_low < b < b_high and low < difference < high
    assert scenes == 40
    assert difference == pytest.approx(b - a) and mark == "yes" and low > 0
    said = [[float(r.text[8:-9]) for r in part] for part in (first, second)]
    mos = [r.truth["mos"] for r in first]
    drawn = []
    for draw in resamples([str(i) for i in range(40)], "PLCC, think, number"):
        one, two, truth = (np.asarray(values)[draw] for values in (*said, mos))
        drawn.append(np.corrcoef(two, truth)[0, 1] - np.corrcoef(one, truth)[0, 1])
    assert (low, high) == pytest.approx(interval(drawn))


@pytest.mark.slow
def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    found = lines(compare(write(tmp_path / "a", scored(0.5)), write(tmp_path / "b", scored(0.5))))
    *_, difference, low, high, mark = found["SRCC, think, number"]
    assert (difference, low, high, mark) == (0, 0, 0, "")


@pytest.mark.slow
def test_one_scene_alone_has_no_interval_and_no_mark(tmp_path: Path) -> None:
    first, second = (
        [replace(p, truth={**p.truth, "scene": "one"}) for p in scored(noise, count=6)] for noise in (1.0, 0.0)
    )
    found = lines(compare(write(tmp_path / "a", first), write(tmp_path / "b", second)))
    scenes, _, a_low, a_high, _, b_low, b_high, difference, low, high, mark = found["PLCC, think, number"]
    assert scenes == 1 and difference > 0
    assert (a_low, a_high, b_low, b_high, low, high, mark) == (None,) * 6 + ("",)


def test_the_fitted_plcc_is_given_without_an_interval(tmp_path: Path) -> None:
    tables = compare(write(tmp_path / "a", scored(1.0)), write(tmp_path / "b", scored(0.3)))
    _, a, a_low, *_ = lines(tables)["PLCC fitted, think, number"]
    assert a > 0 and a_low is None and "has no interval" in tables[0].note


@pytest.mark.slow
def test_scores_of_several_datasets_are_averaged_with_the_intervals_of_the_average(tmp_path: Path) -> None:
    runs = [
        [*scored(noise, dataset="d"), *scored(noise, dataset="e", seed=1), *scored(noise, 20, "e", "no-think")]
        for noise in (1.0, 0.3)
    ]
    (table,) = compare(write(tmp_path / "a", runs[0]), write(tmp_path / "b", runs[1]))
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    averaged = [what for suite, what in rows if suite == "scoring, average of 2 datasets"]
    assert averaged == [f"{what}, think, number" for what in ("SRCC", "PLCC", "mean of SRCC and PLCC", "PLCC fitted")]
    for what in averaged:
        scenes, a, _, _, b, *_ = rows["scoring, average of 2 datasets", what]
        parts = [rows[f"scoring {dataset} think", what] for dataset in "de"]
        assert (scenes, a, b) == pytest.approx((80, *(sum(part[side] for part in parts) / 2 for side in (1, 4))))
    what = "SRCC, think, number"
    widths = {suite: high - low for (suite, name), (_, _, low, high, *_) in rows.items() if name == what}
    assert widths["scoring, average of 2 datasets"] < min(widths["scoring d think"], widths["scoring e think"])


@pytest.mark.slow
def test_an_average_lacks_what_a_run_lacks(tmp_path: Path) -> None:
    read = [replace(one, digits=(0.2,) * 5) for one in scored(0.5, dataset="e", seed=1)]
    (table,) = compare(
        write(tmp_path / "a", [*scored(0.5), *read]),
        write(tmp_path / "b", [*scored(0.5), *scored(0.5, dataset="e", seed=1)]),
    )
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert ("scoring, average of 2 datasets", "SRCC, think, number") in rows
    assert rows["scoring e think", "SRCC, think, probability"][4:] == (*[None] * 6, "")


@pytest.mark.slow
def test_only_questions_that_both_were_asked_are_compared(tmp_path: Path) -> None:
    both = write(tmp_path / "a", [*scored(1.0), *scored(1.0, dataset="e")])
    tables = compare(both, write(tmp_path / "b", scored(0.3)))
    assert {row[0] for table in tables for row in table.rows} == {"scoring d think"}
    with pytest.raises(UserError, match="no questions in common"):
        compare(both, write(tmp_path / "c", scored(0.3), fingerprint="other"))
    with pytest.raises(UserError, match="no questions in common"):
        compare(both, write(tmp_path / "d", scored(0.3, way="no-think")))


def test_published_rows_stand_beside_the_same_data_only(tmp_path: Path) -> None:
    csiq = scored(0.5, count=866, dataset="csiq", seed=1)
    tables = published.beside({"scoring csiq think": csiq})
    assert [table.title for table in tables] == [
        "Published for csiq: Refine-IQA, table 3",
        "Published for csiq: Q-Insight, table 2",
    ]
    assert ("Refine-IQA-S2 (no-think)", 0.724, 0.758) in tables[0].rows
    assert ("Q-Insight", 0.824, 0.870) in tables[1].rows
    assert published.beside({"scoring csiq think": csiq[:-1]}) == []
    assert published.beside({"scoring d think": scored(0.5)}) == []
    live = published.beside({"scoring live-c think": scored(0.5, count=1162, dataset="live-c")})
    assert ("VisualQuality-R1", 0.750, 0.794) in live[1].rows
    koniq = published.beside({"scoring koniq-10k think": scored(0.5, count=2015, dataset="koniq-10k")})
    assert [table.title.rpartition(": ")[2] for table in koniq][-2:] == ["Refine-IQA, table 5", "Refine-IQA, table 6"]
    assert koniq[-1].rows[1] == ("without Eq. 6", 0.735)
    choices = [prediction(index=i, dataset="llvisionqa_test") for i in range(1495)]
    table, with_stage1, ablations = published.beside({"interpreting llvisionqa_test think": choices})
    assert with_stage1.rows == (("without RL stage 1", 0.8010, 0.7985), ("with RL stage 1", 0.8127, 0.8078))
    assert "Refine-IQA, table 6" in ablations.title
    assert table.columns[-1] == "overall" and (
        table.rows[-1][0],
        table.rows[-1][-1],
    ) == ("Refine-IQA-S2 (think)", 0.8148)


@pytest.mark.parametrize(("made", "message"), [("nothing", "not an evaluation"), ("half", "has not finished")])
def test_a_directory_that_is_no_finished_run_is_refused(tmp_path: Path, made: str, message: str) -> None:
    run = write(tmp_path / "a", scored(1.0))
    other = write(tmp_path / "b", scored(1.0))
    if made == "nothing":
        (other / "run.json").unlink()
    else:
        (other / ".parts").mkdir()
    with pytest.raises(UserError, match=message):
        compare(run, other)


@pytest.mark.slow
def test_the_command_prints_and_writes_the_tables(tmp_path: Path) -> None:
    runs = [str(write(tmp_path / name, scored(noise))) for name, noise in (("a", 1.0), ("b", 0.3))]
    done = CliRunner().invoke(group, ["compare", *runs, "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0 and "| scoring d think | SRCC, think, number |" in done.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["comparison.csv", "comparison.json", "comparison.md"]


def answered(rng: np.random.Generator, photos: int, samples: int) -> list[float]:
    """Right and wrong answers of a model that finds some photos easy and others hard, half of it right on average."""
    return rng.binomial(1, np.repeat(rng.beta(2, 2, photos), samples)).astype(float).tolist()


@pytest.mark.slow
def test_equal_models_are_told_apart_in_about_one_of_twenty_simulated_nulls(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 photos, 12 samples of each, two models that are equally good: "differ" by scene, and by sample."""
    monkeypatch.setattr("trainer.evaluation.statistics.RESAMPLES", 300)
    rng, found = np.random.default_rng(0), {"scene": 0, "sample": 0}
    asked = {
        "scene": [prediction(index=i, scene=str(i // 12)) for i in range(60 * 12)],
        "sample": [prediction(index=i, scene=str(i)) for i in range(60 * 12)],
    }
    for _ in range(120):
        models = [answered(rng, 60, 12) for _ in range(2)]
        for unit, about in asked.items():
            a, b = bootstrap(*(mean_of("right", list(zip(about, values, strict=True))) for values in models))
            low, high = interval(np.subtract(b, a).tolist()) or (0, 0)
            found[unit] += low > 0 or high < 0
    assert found["scene"] / 120 < 0.12  # 0.05 asked for, a little more with 60 scenes
    assert found["sample"] / 120 > 0.2  # what drawing samples, as if they were photos, would say


@pytest.mark.slow
def test_equal_scorers_are_told_apart_as_seldom_where_many_images_share_a_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """40 references with 25 images each, as in KADID-10k; both models misjudge some references as a whole."""
    monkeypatch.setattr("trainer.evaluation.statistics.RESAMPLES", 200)
    rng, found = np.random.default_rng(0), {"scene": 0, "image": 0}
    asked = {
        "scene": [prediction(index=i, scene=str(i // 25)) for i in range(40 * 25)],
        "image": [prediction(index=i, scene=str(i)) for i in range(40 * 25)],
    }
    for _ in range(60):
        truth = np.tile(np.linspace(1, 5, 25), 40) + np.repeat(rng.normal(0, 0.3, 40), 25)
        models = [truth + np.repeat(rng.normal(0, 1, 40), 25) + rng.normal(0, 0.5, 40 * 25) for _ in range(2)]
        for unit, about in asked.items():
            measures = [correlations("null", about, scores.tolist(), truth.tolist())[1] for scores in models]
            a, b = bootstrap(*measures)
            low, high = interval(np.subtract(b, a).tolist()) or (0, 0)
            found[unit] += low > 0 or high < 0
    assert found["scene"] / 60 < 0.18  # 0.05 asked for, a little more with 40 references
    assert found["image"] / 60 > 0.3
