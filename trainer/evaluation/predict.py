"""Ask every question once, over all processes, and keep every answer as it comes.

A suite is cut into batches before anything is asked, so that a batch holds the same questions whatever has been
answered already and however many processes share the work; batches are dealt out in turn. Each process appends to a
file of its own, a batch at a time; a run that was killed continues with what is missing. At the end the files become
one ``predictions.parquet`` in the order of the questions.

RUN/
  run.json             what is evaluated, on what, how
  missing-images.txt   what is left out, and why, if anything
  predictions.parquet  every answer (trainer.evaluation.predictions)
  .parts/              answers of an unfinished run, a JSON line each
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from perception20k.core.errors import UserError
from perception20k.core.files import write_json
from perception20k.core.reporting import SILENT, Reporter
from trainer.data.images import write_missing
from trainer.evaluation.predictions import Prediction, from_row, read_predictions, to_row, write_predictions
from trainer.evaluation.suites import Predictor, Suite, truth_of

Asked = tuple[Suite, Predictor]


def processes() -> PartialState:
    """This process's place among those that share a run; without a GPU accelerate has to be told that there is none."""
    return PartialState(cpu=not torch.accelerator.is_available())


def predict(
    asked: Sequence[Asked],
    run: Path,
    settings: dict[str, Any],
    missing: Sequence[str] = (),
    *,
    batch: int,
    samples: int,
    reporter: Reporter = SILENT,
) -> list[Prediction]:
    """Answer all suites into ``run``; returns the predictions on the main process and nothing on the others.

    Args:
        asked: suites and who answers each.
        run: the run's directory, new or an unfinished one.
        settings: what the answers depend on; a run is not continued under others.
        missing: rows that are left out, each with the reason; written and told before the first question.
        batch: questions asked at once.
        samples: sampled answers to each question, in addition to the greedy one.
        reporter: shows how far it is.

    Raises:
        UserError: the directory holds something else, or some questions got no answer this time.
    """
    state = processes()
    if state.is_main_process:
        _claim(run, settings, {suite.name: suite.fingerprint for suite, _ in asked})
        write_missing(run, missing, reporter)
    state.wait_for_everyone()
    done = _read_parts(run)
    state.wait_for_everyone()  # all have read before anyone writes
    batches = [(suite, who, places) for suite, who in asked for places in _batches(suite, batch, done)]
    mine = batches[state.process_index :: state.num_processes]
    questions = sum(len(places) for _, _, places in mine)
    with (
        (run / ".parts" / f"{state.process_index:03d}.jsonl").open("a", encoding="utf-8") as stream,
        (reporter if state.is_main_process else SILENT).progress("answer", questions, "question") as advance,
    ):
        for suite, who, places in mine:
            _keep(stream, list(_answers(suite, who, places, samples)))
            advance(len(places))
    state.wait_for_everyone()
    return _merge(run, asked) if state.is_main_process else []


def _answers(suite: Suite, who: Predictor, places: Sequence[int], samples: int) -> Iterator[Prediction]:
    rows = [suite.rows[place] for place in places]
    for place, row, answers in zip(places, rows, who.answer(rows, samples), strict=True):
        for draw, answer in enumerate(answers or ()):
            yield Prediction(suite.name, place, draw, row["row_id"], *answer, truth_of(row))


def _batches(suite: Suite, size: int, done: Sequence[Prediction]) -> Iterator[list[int]]:
    answered = {prediction.index for prediction in done if prediction.suite == suite.name}
    for start in range(0, len(suite), size):
        places = [place for place in range(start, min(start + size, len(suite))) if place not in answered]
        if places:
            yield places


def _keep(stream: Any, found: Sequence[Prediction]) -> None:
    """Append a batch's answers in one write that is on the disk before the next batch begins."""
    stream.write("".join(json.dumps(to_row(prediction)) + "\n" for prediction in found))
    stream.flush()
    os.fsync(stream.fileno())


def _read_parts(run: Path) -> list[Prediction]:
    """All answers so far. A torn last line, left by a kill, is cut off and its question asked again."""
    found = read_predictions(run / "predictions.parquet")
    for path in sorted((run / ".parts").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").split("\n")
        found += [from_row(json.loads(line)) for line in lines[:-1]]
    return found


def _claim(run: Path, settings: dict[str, Any], suites: dict[str, str]) -> None:
    """Make the directory ours, or check that it is the same run."""
    described = run / "run.json"
    if described.is_file():
        held = json.loads(described.read_text(encoding="utf-8"))
        changed = [key for key in settings if held["settings"].get(key) != settings[key]]
        if changed:
            raise UserError(f"{run}: it was run with another {', '.join(changed)}", "Choose another --out")
        changed = [name for name, what in suites.items() if held["suites"].get(name, what) != what]
        if changed:
            raise UserError(f"{run}: {', '.join(changed)}: the questions have changed since", "Choose another --out")
        suites = {**held["suites"], **suites}
    elif run.exists() and any(run.iterdir()):
        raise UserError(f"{run}: the folder is not empty", "Choose another --out")
    (run / ".parts").mkdir(parents=True, exist_ok=True)
    for path in (run / ".parts").glob("*.jsonl"):
        whole = path.read_bytes()
        if whole and not whole.endswith(b"\n"):
            path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    write_json(described, {"settings": settings, "suites": suites})


def _merge(run: Path, asked: Sequence[Asked]) -> list[Prediction]:
    order = {name: i for i, name in enumerate(json.loads((run / "run.json").read_text())["suites"])}
    found = {(order[one.suite], one.index, one.draw): one for one in _read_parts(run)}
    ordered = [found[place] for place in sorted(found)]
    write_predictions(run / "predictions.parquet", ordered)
    for path in (run / ".parts").glob("*.jsonl"):
        path.unlink()
    answered = {(prediction.suite, prediction.index) for prediction in ordered}
    total = sum(len(suite) for suite, _ in asked)
    lacking = sum((suite.name, place) not in answered for suite, _ in asked for place in range(len(suite)))
    if lacking:
        raise UserError(f"{lacking} of {total} questions got no answer", "Run the same command again to ask them")
    (run / ".parts").rmdir()  # as long as it is there, the run has not finished
    return ordered
