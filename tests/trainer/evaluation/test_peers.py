"""Classical metrics. BRISQUE's weights come with its package."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from trainer.data.mos import read_csv
from trainer.evaluation import scoring
from trainer.evaluation.peers import Peer
from trainer.evaluation.suites import AS_STORED


def test_a_metric_for_which_lower_is_better_is_turned_round(pictures: Path) -> None:
    peer = Peer("brisque")
    suite = scoring.peer_suite(read_csv(pictures / "rated.csv", 0, 5), "brisque", AS_STORED)
    values = [answers[0].value for i in range(len(suite)) if (answers := peer.answer([suite.rows[i]], 0)[0])]
    assert len(values) == 5 and all(value is not None and value < 0 for value in values)
    assert values[0] == max(value for value in values if value is not None)  # the cleanest picture


def test_a_metric_that_fails_on_an_image_leaves_its_error(pictures: Path) -> None:
    peer = Peer("brisque")
    suite = scoring.peer_suite(read_csv(pictures / "rated.csv", 0, 5), "brisque", AS_STORED)
    peer.score = lambda images: [float("nan")]
    (answer,) = peer.answer([suite.rows[0]], 0)[0] or []
    assert (answer.value, answer.error) == (None, "the metric gave nan")


def test_an_unknown_metric_gets_a_hint() -> None:
    with pytest.raises(UserError, match=r"unknown metric 'brisk'. Did you mean 'brisque'"):
        Peer("brisk")
