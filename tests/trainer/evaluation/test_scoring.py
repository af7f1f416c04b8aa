"""Scores read out by number and by probability, and by the mean of sampled answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from tests.trainer.evaluation.conftest import prediction
from trainer.data.mos import MosTable, read_csv
from trainer.evaluation import scoring
from trainer.evaluation.predictions import Prediction

MOS = [1.0, 2.0, 3.0, 4.0]


def scored(texts: list[str], way: str = "think", draw: int = 0, **more: Any) -> list[Prediction]:
    return [
        prediction(text, index=i, draw=draw, dataset="d", mode=way, mos=MOS[i], **{k: v[i] for k, v in more.items()})
        for i, text in enumerate(texts)
    ]


def said(*scores: float) -> list[str]:
    return [f"<answer>Score: {score}</answer>" for score in scores]


def test_number_and_probability_are_two_readouts() -> None:
    digits = [(1.0, 0, 0, 0, 0), (0, 0, 0, 1.0, 0), (0, 0, 1.0, 0, 0), (0, 0, 0, 0, 1.0)]  # 0.5, 3.5, 2.5, 4.5
    found = {measure.name: measure.number for measure in scoring.measures(scored(said(1, 2, 3, 4), digits=digits))}
    assert found["SRCC, think, number"] == found["PLCC, think, number"] == pytest.approx(1)
    assert found["SRCC, think, probability"] == pytest.approx(0.8)  # 1 - 6 x (1 + 1) / (4 x 15)
    assert found["PLCC, think, probability"] == pytest.approx(stats.pearsonr([0.5, 3.5, 2.5, 4.5], MOS).statistic)


def test_an_unread_answer_is_counted_and_scored_0_in_both_readouts() -> None:
    texts = [*said(2, 3, 4), "very good"]
    digits = [(0, 0, 1.0, 0, 0), (0, 0, 0, 1.0, 0), (0, 0, 0, 0, 1.0), None]  # 2.5, 3.5, 4.5, unread
    predictions = scored(texts, digits=digits)
    for measure in scoring.measures(predictions)[::4]:
        assert measure.values[:, 0].tolist()[-1] == 0
        assert measure.number == pytest.approx(stats.spearmanr([2, 3, 4, 0], MOS).statistic)
    number, probability = scoring.tables({"scoring d think": predictions})[1].rows
    assert (number[-2:], probability[-2:]) == ((4, 1), (4, 1))


def test_the_mean_of_sampled_answers_and_their_spread_by_hand() -> None:
    # image 0: 1 and 2, mean 1.5, deviation 0.5; 1: 2 2; 2: 3 and unread, mean 1.5, deviation 1.5; 3: 4 4
    drawn = scored(said(1, 2, 3, 4), draw=1) + scored([*said(2, 2), "?", *said(4)], draw=2)
    detail = scoring.tables({"scoring d think": [*scored(said(1, 2, 3, 4)), *drawn]})[1]
    row = dict(zip(detail.columns, detail.rows[1], strict=True))
    assert row["asked, read out"] == "think, mean of 2 answers"
    assert row["SRCC"] == pytest.approx(stats.spearmanr([1.5, 2, 1.5, 4], MOS).statistic)
    assert (row["spread"], row["unread"]) == (pytest.approx((0.5 + 0 + 1.5 + 0) / 4), 1)


def test_each_papers_way_has_its_own_reader() -> None:
    rating = [f'<think>x</think><answer>{{"rating": {value}}}</answer>' for value in (1.5, 2, 3, 4)]
    plain = [f"<answer>{value}</answer>" for value in (1.5, 2, 3, 4)]
    for way, texts in (("q-insight", rating), ("visualquality-r1", plain)):
        assert scoring.measures(scored(texts, way))[0].number == pytest.approx(1)


def test_a_peer_stands_beside_the_model_in_one_table() -> None:
    peer = [replace(r, value=-r.truth["mos"]) for r in scored([""] * 4, way="niqe")]
    overall, detail = scoring.tables({"scoring d think": scored(said(1, 2, 4, 3)), "scoring d niqe": peer})
    assert overall.columns == ("asked, read out", "d SRCC", "d PLCC")
    assert [row[:2] for row in overall.rows] == [("think, number", pytest.approx(0.8)), ("niqe", pytest.approx(-1))]
    assert [row[0] for row in detail.rows] == ["think, number", "niqe"]


def test_the_datasets_are_averaged_where_all_are_defined() -> None:
    other = [replace(r, suite="scoring e think", truth={**r.truth, "dataset": "e"}) for r in scored(said(1, 2, 4, 3))]
    overall, detail, _ = scoring.tables({"scoring d think": scored(said(1, 2, 3, 4)), "scoring e think": other})
    row = dict(zip(overall.columns, overall.rows[0], strict=True))
    assert (row["d SRCC"], row["e SRCC"]) == (pytest.approx(1), pytest.approx(0.8))
    assert row["average SRCC"] == pytest.approx(0.9)
    first = dict(zip(detail.columns, detail.rows[0], strict=True))
    assert first["their mean"] == pytest.approx((first["SRCC"] + first["PLCC"]) / 2)
    constant = [replace(r, text=said(2)[0]) for r in other]
    overall = scoring.tables({"scoring d think": scored(said(1, 2, 3, 4)), "scoring e think": constant})[0]
    assert dict(zip(overall.columns, overall.rows[0], strict=True))["average SRCC"] is None


def test_a_constant_scorer_has_no_correlation() -> None:
    assert all(measure.number is None for measure in scoring.measures(scored(said(2, 2, 2, 2))))


def test_which_images_are_scored(pictures: Path) -> None:
    table = read_csv(pictures / "rated.csv", 0, 5)
    assert scoring.chosen_part(table, "paper") == scoring.chosen_part(table, "all") == table
    split = MosTable("d", tuple(replace(row, split="test" if i < 2 else "train") for i, row in enumerate(table.rows)))
    assert len(scoring.chosen_part(split, "paper").rows) == len(scoring.chosen_part(split, "test").rows) == 2
    assert len(scoring.chosen_part(split, "all").rows) == 5
    spaq = MosTable("spaq", tuple(replace(row, content=f"{i}") for i in range(200) for row in table.rows[:1]))
    assert 20 <= len(scoring.chosen_part(spaq, "paper").rows) <= 60  # a fifth, drawn by hash
    assert len(scoring.chosen_part(replace(spaq, dataset="csiq"), "paper").rows) == 200
