"""Run a stage over items: resumable, over any executor, failures as rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic

from tqdm import tqdm

from perception20k.core.spill_list import SpillList
from perception20k.execution.journal import Journal
from perception20k.execution.stage import Executor, Item, Outcome, Results, Stage

JOURNAL_INTERVAL = 0.2
"""Seconds: results that come this soon after a write wait for the next, for a safe write takes milliseconds. A killed
run loses them; an API's answers never wait."""


@dataclass
class Tally:
    """How a stage's run went."""

    stage: str
    total: int = 0
    cached: int = 0
    """Items an earlier run had done."""
    done: int = 0
    """Items this run worked on."""
    failed: int = 0

    @property
    def due(self) -> int:
        """Items that nobody has worked on: nought after a run that did the work."""
        return self.total - self.cached - self.done


def run_stage(
    stage: Stage[Item], items: Iterable[Item], journal: Journal, executor: Executor, *, progress: bool = True
) -> tuple[SpillList[tuple[Item, Outcome]], Tally]:
    """Run ``stage`` over ``items``: journalled results are taken as they are, the rest is worked on.

    Memory does not grow with the number of items: results are in the journal, items in spools.

    Args:
        stage: what is done to each item.
        items: what it is done to, readable twice.
        journal: where results are found and kept.
        executor: who works; one that does nothing leaves items due.
        progress: show a bar.

    Returns:
        Each item with its outcome, in the items' order whatever the order they were finished in, without those
        still due; and the tally.
    """
    run = _Run(stage, journal, Tally(stage.name))
    size = len(items) if isinstance(items, Sized) else None
    with tqdm(total=size, desc=f"{stage.title:>9}", unit="item", disable=not progress, leave=False) as bar:
        stream = executor.run(stage, run.batches_due(items, bar.update))
        try:
            for batch, results in stream:
                try:
                    run.record(batch, results)
                    bar.update(len(batch))
                except KeyboardInterrupt as interrupt:
                    run.record_rest(batch, results, stream, interrupt)
                    raise
        finally:
            run.write_down()
    return run.results(items), run.tally


class _Run(Generic[Item]):
    """One stage's run: what is due, what came of it, and in the end everything in order."""

    def __init__(self, stage: Stage[Item], journal: Journal, tally: Tally) -> None:
        self.stage, self.journal, self.tally = stage, journal, tally
        self.keys: SpillList[str] = SpillList()
        self.flying: dict[int, list[str]] = {}  # keys of the batches that are being worked on, by the batch's id
        self.passing: dict[str, str] = {}  # errors that are not journalled, by key
        self.fresh: dict[str, Outcome] = {}  # not journalled yet
        self.written = time.monotonic()

    def batches_due(self, items: Iterable[Item], seen: Callable[[int], object]) -> Iterator[list[Item]]:
        """Batches to be worked on; ``seen`` is told how many items are not."""
        for batch in self.stage.batches(items):
            keys = [self.stage.key(item) for item in batch]
            for key in keys:
                self.keys.append(key)
            due = [not self._known(key) for key in keys]
            self.tally.total += len(batch)
            if any(due) and self.stage.whole_batches:
                due = [True] * len(batch)
            self.tally.cached += len(batch) - sum(due)
            seen(len(batch) - sum(due))
            if any(due):
                chosen = [item for item, wanted in zip(batch, due, strict=True) if wanted]
                self.flying[id(chosen)] = [key for key, wanted in zip(keys, due, strict=True) if wanted]
                yield chosen

    def record(self, batch: list[Item], results: list[Outcome]) -> None:
        """Take note of a batch's outcomes: an API's at once, for they are paid for, others a few at a time."""
        for key, outcome in zip(self.flying[id(batch)], results, strict=True):
            if outcome.lasting:
                self.fresh[key] = outcome
            else:
                self.passing[key] = outcome.error or ""
        del self.flying[id(batch)]
        self.tally.done += len(batch)
        if self.stage.place == "threads" or time.monotonic() - self.written > JOURNAL_INTERVAL:
            self.write_down()

    def record_rest(
        self, batch: list[Item], results: list[Outcome], stream: Results, interrupt: KeyboardInterrupt
    ) -> None:
        """After Ctrl-C: the batch in hand, and those under way that the executor still gives back."""
        with suppress(KeyboardInterrupt, StopIteration):
            if id(batch) in self.flying:
                self.record(batch, results)
            batch, results = stream.throw(interrupt)
            while True:
                self.record(batch, results)
                batch, results = next(stream)

    def write_down(self) -> None:
        """Journal what is fresh, in one transaction."""
        if self.fresh:
            results = [(key, {"value": o.value, "error": o.error}) for key, o in self.fresh.items()]
            self.journal.put(self.stage.name, results)
            self.fresh.clear()
        self.written = time.monotonic()

    def results(self, items: Iterable[Item]) -> SpillList[tuple[Item, Outcome]]:
        """Every item with its outcome, in order."""
        found: SpillList[tuple[Item, Outcome]] = SpillList()
        for item, key in zip(items, self.keys, strict=True):
            outcome = self._outcome(key)
            if outcome is not None:
                found.append((item, outcome))
                self.tally.failed += outcome.error is not None
        return found

    def _known(self, key: str) -> bool:
        if key in self.passing or key in self.fresh or any(key in keys for keys in self.flying.values()):
            return True  # the same item twice: it is worked on once
        found = self.journal.get(self.stage.name, key)
        return found is not None and (found["error"] is not None or self.stage.still_there(found["value"]))

    def _outcome(self, key: str) -> Outcome | None:
        if key in self.passing:
            return Outcome(error=self.passing[key], lasting=False)
        found = self.journal.get(self.stage.name, key)
        return None if found is None else Outcome(found["value"], found["error"])
