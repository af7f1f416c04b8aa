"""One evaluation: read the data, answer the questions, write the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
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
    sources = _Sources.read(plan, told)
    with predictor(plan, state.device, told) as who:
        asked: list[Asked] = [(suite, who) for suite in _suites(plan, sources, who.grid)]
        for name in plan.peers:
            peer = Peer(name)
            asked += [(scoring.peer_suite(table, name, AS_STORED), peer) for table in sources.tables]
        predictions = predict(
            asked, run, plan.settings(), sources.missing(), batch=plan.batch, samples=plan.samples, reporter=reporter
        )
    if not state.is_main_process:
        return None
    return report.write(run, f"Evaluation of {plan.model}", predictions, {suite.name: suite for suite, _ in asked})


@dataclass(frozen=True)
class _Sources:
    """The plan's data, read and checked before any weight is loaded."""

    datasets: tuple[Path, ...]
    tables: tuple[MosTable, ...]
    questions: tuple[interpreting.Questions, ...]
    pairs: tuple[pairs.Pairs, ...]

    @classmethod
    def read(cls, plan: EvaluationConfig, reporter: Reporter) -> _Sources:
        sources = [read_dataset(text) for text in plan.data]
        tables = [source for source in sources if isinstance(source, MosTable)]
        parts = [scoring.chosen_part(table, plan.part).readable(reporter) for table in tables]
        for part in parts:
            if not part.rows:
                raise UserError(f"{part.dataset}: its test part is empty")
        if plan.peers and not parts:
            raise UserError(
                "--peer needs a MOS table to be scored on", "Add --data NAME:DIR or FILE.csv:LOW-HIGH", code=2
            )
        datasets = tuple(source for source in sources if isinstance(source, Path))
        questions = tuple(interpreting.read(path, reporter) for path in plan.questions)
        compared = tuple(pairs.read(path, reporter) for path in plan.pairs)
        return cls(datasets, tuple(parts), questions, compared)

    def missing(self) -> list[str]:
        rated = [f"{table.dataset}\t{name}" for table in self.tables for name in table.missing]
        asked: list[interpreting.Questions | pairs.Pairs] = [*self.questions, *self.pairs]
        return rated + [f"{found.path.stem}\t{name}" for found in asked for name in found.missing]


def _suites(plan: EvaluationConfig, sources: _Sources, grid: Grid) -> list[Suite]:
    for way in plan.ask:
        if way not in scoring.WAYS:
            raise UserError(f"--ask {way}: no such way", suggestion(way, scoring.WAYS), code=2)
    makers: dict[str, Callable[[], list[Suite]]] = {
        "perception": lambda: [perception.suite(dataset, grid) for dataset in sources.datasets],
        "scoring": lambda: [scoring.suite(table, way, grid) for table in sources.tables for way in plan.ask],
        "degradation": lambda: [degradation.suite(dataset, grid) for dataset in sources.datasets],
        "interpreting": lambda: [
            interpreting.suite(found, mode, grid) for found in sources.questions for mode in interpreting.MODES
        ],
        "comparison": lambda: [pairs.suite(found, grid) for found in sources.pairs],
    }
    suites = [suite for kind in plan.kinds for suite in makers[kind]()]
    names = [suite.name for suite in suites]
    if not suites:
        raise UserError("nothing to evaluate", "Give --data, --questions or --pairs", code=2)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UserError(f"{', '.join(sorted(twice))}: given twice", "Rename one folder or file", code=2)
    return suites
