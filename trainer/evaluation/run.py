"""One evaluation: read the data, answer the questions, write the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from trainer.data.boxes import Grid
from trainer.data.datasets import read_dataset
from trainer.data.mos import MosTable
from trainer.evaluation import degradation, interpreting, pairs, perception, report, scoring
from trainer.evaluation.peers import Peer
from trainer.evaluation.predict import Asked, predict, processes
from trainer.evaluation.predictors import Asking, predictor
from trainer.evaluation.suites import AS_STORED, Suite
from trainer.evaluation.tables import Table


@dataclass(frozen=True)
class EvaluationConfig(Asking):
    """What is evaluated, on what, how."""

    data: tuple[str, ...] = ()
    """Datasets of this project and MOS tables (:mod:`trainer.data.datasets`)."""
    questions: tuple[Path, ...] = ()
    """Files in Q-Bench's form."""
    pairs: tuple[Path, ...] = ()
    """CSV files of pairs."""
    kinds: tuple[str, ...] = tuple(report.KINDS)
    ask: tuple[str, ...] = ("think", "no-think")
    """Ways of asking for a score."""
    peers: tuple[str, ...] = ()
    """Quality metrics of :mod:`perception20k.models.metrics`."""
    part: str = "paper"
    """Which images of MOS tables are scored, see :func:`trainer.evaluation.scoring.chosen_part`."""
    samples: int = 0

    def settings(self) -> dict[str, Any]:
        """What the answers depend on."""
        names = ("model", "server", "part", "samples", "batch", "max_tokens", "max_pixels")
        return {name: getattr(self, name) for name in names}


def evaluate(plan: EvaluationConfig, run: Path, reporter: Reporter = SILENT) -> Table | None:
    """Answer every question of the plan into ``run`` and write its tables.

    Returns:
        The overview, on the main process; None on others.

    Raises:
        UserError: the plan asks for nothing or for something that is not there, the model cannot be loaded, the run's
            directory holds another run, or questions got no answer.
    """
    state = processes()
    told = reporter if state.is_main_process else SILENT
    planned = _Planned.read(plan, told)
    with predictor(plan, state.device, told) as who:
        asked: list[Asked] = [(make(who.grid), who) for kind in plan.kinds for make in planned.suites[kind]]
        for name in plan.peers:
            peer = Peer(name)
            asked += [(scoring.peer_suite(table, name, AS_STORED), peer) for table in planned.tables]
        names = [suite.name for suite, _ in asked]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UserError(f"{', '.join(sorted(twice))}: given twice", "Rename one folder or file", code=2)
        predictions = predict(
            asked, run, plan.settings(), planned.missing, batch=plan.batch, samples=plan.samples, reporter=reporter
        )
    if not state.is_main_process:
        return None
    return report.write(run, f"Evaluation of {plan.model}", predictions, {suite.name: suite for suite, _ in asked})


@dataclass
class _Planned:
    """What is asked, read and checked before any weight is loaded, but for the grid of the model that is asked."""

    suites: dict[str, list[Callable[[Grid], Suite]]]
    """The suites of each kind."""
    tables: list[MosTable]
    missing: list[str]

    @classmethod
    def read(cls, plan: EvaluationConfig, reporter: Reporter) -> _Planned:
        found = cls({kind: [] for kind in report.KINDS}, [], [])
        for source in map(read_dataset, plan.data):
            if isinstance(source, Path):
                found.suites["perception"].append(partial(perception.suite, source))
                found.suites["degradation"].append(partial(degradation.suite, source))
                continue
            table = scoring.chosen_part(source, plan.part).readable(reporter)
            if not table.rows:
                raise UserError(f"{table.dataset}: its test part is empty")
            found.tables.append(table)
            found.suites["scoring"] += [partial(scoring.suite, table, way) for way in plan.ask]
            found.missing += [f"{table.dataset}\t{name}" for name in table.missing]
        for path in plan.questions:
            questions = interpreting.read(path, reporter)
            modes = interpreting.MODES
            found.suites["interpreting"] += [partial(interpreting.suite, questions, mode) for mode in modes]
            found.missing += [f"{path.stem}\t{name}" for name in questions.missing]
        for path in plan.pairs:
            compared = pairs.read(path, reporter)
            found.suites["comparison"].append(partial(pairs.suite, compared))
            found.missing += [f"{path.stem}\t{name}" for name in compared.missing]
        if plan.peers and not found.tables:
            hint = "Add --data NAME:DIR or FILE.csv:LOW-HIGH"
            raise UserError("--peer needs a MOS table to be scored on", hint, code=2)
        if not any(found.suites[kind] for kind in plan.kinds):
            raise UserError("nothing to evaluate", "Give --data, --questions or --pairs", code=2)
        return found
