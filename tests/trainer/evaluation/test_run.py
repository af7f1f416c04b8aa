"""Whole evaluations: scripts that know the truth and that know nothing, and the tiny model, all by the same path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from distortions import GROUPS, SEVERITIES
from perception20k.cli import cli as group
from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from perception20k.dataset.boxes import iou
from perception20k.dataset.layout import Layout
from trainer.evaluation import run
from trainer.evaluation.predictions import read_predictions
from trainer.evaluation.run import EvaluationConfig, evaluate
from trainer.evaluation.suites import AS_STORED, Response


def everything(dataset: Path, pictures: Path) -> dict[str, Any]:
    return {
        "data": (str(dataset), f"{pictures / 'rated.csv'}:0-5"),
        "questions": (pictures / "questions.json",),
        "pairs": (pictures / "pairs.csv",),
    }


def rows_of(run: Path, name: str) -> list[dict[str, Any]]:
    table = next(table for table in json.loads((run / "tables.json").read_text()) if table["name"] == name)
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


@pytest.fixture(scope="module")
def oracle(built_dataset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("evaluations") / "oracle"
    ways = ("think", "no-think", "q-insight", "visualquality-r1")
    evaluate(EvaluationConfig("scripted:oracle", **everything(built_dataset, pictures), ask=ways, samples=2), run)
    return run


@pytest.fixture(scope="module")
def constant(built_dataset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("evaluations") / "constant"
    evaluate(EvaluationConfig("scripted:constant", **everything(built_dataset, pictures)), run)
    return run


def test_an_oracle_gets_everything_right(oracle: Path, built_dataset: Path) -> None:
    name = f"perception {built_dataset.name}"
    for row in rows_of(oracle, f"{name}, description") + rows_of(oracle, f"{name}, grounding"):
        values = [row[column] for column in (*GROUPS.values(), "easy", "hard", "overall")]
        assert {value for value in values if value is not None} == {1.0} and row["overall"] == 1.0
        assert row["unread"] == 0
    for row in rows_of(oracle, "scoring rated"):
        assert (row["SRCC"], row["images"], row["unread"]) == (pytest.approx(1, abs=1e-12), 5, 0)
    for row in rows_of(oracle, "degradation"):
        assert row["average"] == 1.0 and row["unread"] == 0
    assert {row["overall"] for row in rows_of(oracle, "interpreting")} == {1.0}
    for row in rows_of(oracle, "comparison"):
        assert (row["accuracy"], row["right in both"], row["order changes the answer"]) == (1, 1, 0)
    assert {row["standard deviation"] for row in rows_of(oracle, "draws")} == {0.0}


def test_a_constant_gets_what_its_answers_are_worth(constant: Path, built_dataset: Path) -> None:
    shards = sorted(Layout(built_dataset).shards.glob("test-*.parquet"))
    columns = ["task", "distortion", "severity", "box"]
    asked = [row for path in shards for row in pq.read_table(path, columns=columns).to_pylist()]
    described = [row for row in asked if row["task"] == "description"]
    located = [row for row in asked if row["task"] == "grounding"]
    name = f"perception {built_dataset.name}"
    found = {row["right"]: row["overall"] for row in rows_of(constant, f"{name}, description") if row["mode"] == "both"}
    # it always says "blur" and "severe", and names no object that is there
    assert found["distortion"] == pytest.approx(sum(row["distortion"] == "blur" for row in described) / len(described))
    assert found["severity"] == pytest.approx(sum(row["severity"] == 4 for row in described) / len(described))
    assert found["object"] == found["all three"] == 0
    overlap = [iou((0, 0, 10, 10), row["box"]) for row in located]
    assert rows_of(constant, f"{name}, grounding")[-1]["overall"] == pytest.approx(sum(overlap) / len(overlap))
    # one class of five; no level without a class; a correlation has no value
    assert [row["average"] for row in rows_of(constant, "degradation")] == [pytest.approx(0.2), 0]
    assert {row["SRCC"] for row in rows_of(constant, "scoring rated")} == {None}
    # A is right in 2 of 5 questions; of every pair it is right in one order, and the order always changes its answer
    assert {row["overall"] for row in rows_of(constant, "interpreting")} == {0.4}
    for row in rows_of(constant, "comparison"):
        assert (row["accuracy"], row["right in both"], row["order changes the answer"]) == (0.5, 0, 1)


def test_confusion_tables_and_pictures(oracle: Path, constant: Path, built_dataset: Path) -> None:
    for part, labels in (("distortion", GROUPS.values()), ("severity", SEVERITIES)):
        for row in rows_of(oracle, f"perception {built_dataset.name}, {part} confusion"):
            truth = row.pop("truth \\ answer")
            assert truth in labels and sum(row.values()) == row[truth]  # all on the diagonal
    for row in rows_of(constant, f"perception {built_dataset.name}, distortion confusion"):
        row.pop("truth \\ answer")
        assert sum(row.values()) == row["blur"]
    pictures = sorted((oracle / "confusion").iterdir())
    assert len(pictures) == 2 and all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_a_second_call_changes_no_byte(built_dataset: Path, pictures: Path, constant: Path) -> None:
    before = {path: path.read_bytes() for path in constant.rglob("*") if path.is_file()}
    evaluate(EvaluationConfig("scripted:constant", **everything(built_dataset, pictures)), constant)
    assert {path: path.read_bytes() for path in constant.rglob("*") if path.is_file()} == before


def test_the_tiny_model_end_to_end(tiny: Path, built_dataset: Path, pictures: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", str(tiny), "--data", str(built_dataset), "--data", f"{pictures / 'rated.csv'}:0-5"]
    arguments += ["--questions", str(pictures / "questions.json"), "--pairs", str(pictures / "pairs.csv")]
    arguments += ["--max-tokens", "6", "--samples", "1", "--peer", "piqe", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0 and "perception20k compare" in done.output
    found = read_predictions(tmp_path / "run" / "predictions.parquet")
    kinds = {prediction.suite.partition(" ")[0] for prediction in found}
    assert kinds == {"perception", "scoring", "degradation", "interpreting", "comparison"}
    answered = [prediction for prediction in found if prediction.suite != "scoring rated piqe"]
    assert any(prediction.text for prediction in answered) and {prediction.draw for prediction in answered} == {0, 1}
    # what a random model says cannot be read: it is counted and earns nothing, and nothing is left out
    for row in rows_of(tmp_path / "run", f"perception {built_dataset.name}, grounding"):
        assert row["overall"] == 0 and row["unread"] == row["questions"] > 0
    rows = {row["asked, read out"]: row for row in rows_of(tmp_path / "run", "scoring rated")}
    assert (rows["think, number"]["unread"], rows["think, number"]["SRCC"]) == (5, None)
    assert rows["piqe"]["SRCC"] > 0.8 and rows["piqe"]["unread"] == 0
    page = (tmp_path / "run" / "index.html").read_text()
    asked = max(row["questions"] for row in rows_of(tmp_path / "run", f"perception {built_dataset.name}, grounding"))
    assert page.count("<figure>") == min(24, asked) and "unread" in page
    assert (tmp_path / "run" / "tables.md").is_file() and (tmp_path / "run" / "tables.csv").is_file()


def test_the_overview_is_printed_as_json_alone(pictures: Path, tmp_path: Path) -> None:
    rated, run = f"{pictures / 'rated.csv'}:0-5", tmp_path / "run"
    arguments = ["evaluate", "scripted:oracle", "--data", rated, "--ask", "think", "--out", str(run), "--json"]
    printed = json.loads(CliRunner().invoke(group, arguments, catch_exceptions=False).stdout)
    rows = [["scoring rated think", f"{measure}, think, number", "1.000"] for measure in ("SRCC", "PLCC")]
    assert printed == {"run": str(run), "columns": ["suite", "measure", "value"], "rows": rows}


class Silent:
    """Is stopped at the first question."""

    grid = AS_STORED

    def answer(self, rows: Sequence[Any], samples: int) -> list[list[Response] | None]:
        raise KeyboardInterrupt


def test_missing_and_damaged_images_are_told_before_the_first_question(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rated, compared = tmp_path / "some.csv", tmp_path / "pairs.csv"
    (tmp_path / "0.png").write_bytes((pictures / "0.png").read_bytes())
    (tmp_path / "torn.png").write_bytes(b"no image")
    rated.write_text("image,mos\n0.png,3\ngone.png,2\ntorn.png,1\n")
    compared.write_text("image_a,image_b,better\n0.png,0.png,a\n0.png,gone.png,a\n")
    said: list[str] = []
    monkeypatch.setattr(run, "predictor", lambda asking, device, reporter: nullcontext(Silent()))
    with pytest.raises(KeyboardInterrupt):
        evaluate(
            EvaluationConfig("any", data=(f"{rated}:0-5",), pairs=(compared,)), tmp_path / "run", Reporter(said.append)
        )
    assert (tmp_path / "run" / "missing-images.txt").read_text().splitlines() == [
        "some\trow 3: gone.png: no such image",
        f"some\trow 4: {tmp_path / 'torn.png'}: cannot be read as an image: not an image in a known format",
        f"pairs\trow 3: {tmp_path / 'gone.png'}: no such image",
    ]
    assert "3 images are missing or unreadable" in "".join(said)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "nothing to evaluate"),
        ({"peers": ("piqe",)}, "--peer needs a MOS table"),
        ({"data": ("nowhere",)}, "--data nowhere: no such directory"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_in_a_line(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as error:
        evaluate(EvaluationConfig(**{"model": "scripted:oracle", **changed}), tmp_path / "run")
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_an_unknown_script_is_refused_with_the_closest(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Did you mean 'oracle'"):
        evaluate(EvaluationConfig("scripted:orakel", questions=(pictures / "questions.json",)), tmp_path / "run")


def test_two_suites_of_one_name_are_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="scoring rated no-think, scoring rated think: given twice"):
        evaluate(EvaluationConfig("scripted:oracle", data=(f"{pictures / 'rated.csv'}:0-5",) * 2), tmp_path / "run")
