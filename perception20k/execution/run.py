"""Run a stage over items: resumable, over any executor, failures as rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from perception20k.core.spill_list import SpillList
from perception20k.execution.journal import Journal
from perception20k.execution.stage import Executor, Item, Outcome, Results, Stage

JOURNAL_INTERVAL = 0.2
"""Seconds between writes to the journal, because a safe write takes milliseconds. A killed run loses what came since;
an API's answers are written at once."""


@dataclass
class Tally:
    """How a stage's run went."""

    total: int = 0
    cached: int = 0
    """Items an earlier run had done."""
    done: int = 0
    """Items this run processed."""
    failed: int = 0
    passing: int = 0
    """Failures that the next run tries again by itself."""

    @property
    def due(self) -> int:
        """Items not processed yet: zero after a complete run."""
        return self.total - self.cached - self.done


def run_stage(
    stage: Stage[Item], items: Iterable[Item], journal: Journal, executor: Executor, *, reporter: Reporter = SILENT
) -> tuple[SpillList[tuple[Item, Outcome]], Tally]:
    """Run ``stage`` over ``items``: results in the journal are reused, the rest is processed.

    Memory does not grow with the number of items: results are in the journal, items in spill lists.

    Raises:
        UserError: the first items all failed alike.

    Args:
        stage: what is done to each item.
        items: what it is done to, readable twice.
        journal: where results are looked up and kept.
        executor: where the work is done; :class:`NullExecutor` leaves items due.
        reporter: shows a bar.

    Returns:
        Each finished item with its outcome, in the order of ``items``; and the tally.
    """
    run = _Run(stage, journal)
    size = len(items) if isinstance(items, Sized) else None
    with reporter.progress(stage.title, size) as advance:
        try:
            for batches in (run.batches_due(items, advance), run.batches_mended()):
                stream = executor.run(stage, batches)
                for batch, results in stream:
                    try:
                        run.record(batch, results)
                        advance(len(batch))
                    except KeyboardInterrupt as interrupt:
                        run.record_rest(batch, results, stream, interrupt)
                        raise
        finally:
            run.write_down()
    run.tally.passing = len(run.passing)
    return run.results(items), run.tally


class _Run(Generic[Item]):
    """One stage's run: finds what is due, records outcomes, and returns them in order."""

    def __init__(self, stage: Stage[Item], journal: Journal) -> None:
        self.stage, self.journal, self.tally = stage, journal, Tally()
        self.keys: SpillList[str] = SpillList()
        self.in_flight: dict[int, list[str]] = {}  # keys by the id of their batch
        self.keys_in_flight: set[str] = set()
        self.passing: dict[str, str] = {}  # errors that the next run tries again, by key
        self.retried: dict[int, list[Item]] = {}  # whole batches by the id of those of their items that failed before
        self.mended: list[list[Item]] = []  # whole batches of which such an item succeeded
        self.fresh: dict[str, Outcome] = {}  # not journalled yet
        self.alike: dict[str, int] = {}  # how often each error occurred, until something succeeds
        self.succeeded = False
        self.written = time.monotonic()

    def batches_due(self, items: Iterable[Item], skipped: Callable[[int], object]) -> Iterator[list[Item]]:
        """Batches to process; ``skipped`` is called with the number of items that are done already."""
        for batch in self.stage.batches(items):
            keys = [self.stage.key(item) for item in batch]
            for key in keys:
                self.keys.append(key)
            due = [not self._known(key) for key in keys]
            self.tally.total += len(batch)
            whole = self.stage.whole_batches and any(due)
            retried = whole and all(self._failed_before(key) for key, wanted in zip(keys, due, strict=True) if wanted)
            if whole and not retried:
                due = [True] * len(batch)
            self.tally.cached += len(batch) - sum(due)
            skipped(len(batch) - sum(due))
            if any(due):
                chosen = [item for item, wanted in zip(batch, due, strict=True) if wanted]
                if retried and len(chosen) < len(batch):
                    self.retried[id(chosen)] = batch
                self._send(chosen, [key for key, wanted in zip(keys, due, strict=True) if wanted])
                yield chosen

    def batches_mended(self) -> Iterator[list[Item]]:
        """Whole batches in which an item that had failed before now succeeded by itself.

        They are processed again, because results depend on the batch; a failure that lasts costs the others nothing.
        """
        for batch in self.mended:
            self._send(batch, [self.stage.key(item) for item in batch])
            yield batch

    def record(self, batch: list[Item], results: list[Outcome]) -> None:
        """Record a batch's outcomes: an API's answers at once, because they cost money; others a few at a time."""
        keys, whole = self.in_flight.pop(id(batch)), self.retried.pop(id(batch), None)
        self.keys_in_flight.difference_update(keys)
        if whole is not None and any(outcome.error is None for outcome in results):
            self.mended.append(whole)
            self.tally.cached -= len(whole) - len(batch)
            return
        for key, outcome in zip(keys, results, strict=True):
            self.passing.pop(key, None)
            if not outcome.cacheable:
                self.passing[key] = outcome.error or ""
            if outcome.cacheable or self.stage.whole_batches:
                self.fresh[key] = outcome
        self.tally.done += len(batch)
        for outcome in results:
            self._watch(outcome)
        if self.stage.place == "threads" or time.monotonic() - self.written > JOURNAL_INTERVAL:
            self.write_down()

    def record_rest(
        self, batch: list[Item], results: list[Outcome], stream: Results, interrupt: KeyboardInterrupt
    ) -> None:
        """After Ctrl-C, record the current batch and those that the executor still finishes."""
        with suppress(KeyboardInterrupt, StopIteration):
            if id(batch) in self.in_flight:
                self.record(batch, results)
            batch, results = stream.throw(interrupt)
            while True:
                self.record(batch, results)
                batch, results = next(stream)

    def _send(self, batch: list[Item], keys: list[str]) -> None:
        self.in_flight[id(batch)] = keys
        self.keys_in_flight.update(keys)

    def _watch(self, outcome: Outcome) -> None:
        """Stop the run if every item so far failed in the same way."""
        if self.succeeded or outcome.error is None:
            self.succeeded = True
            return
        error = re.sub(r"\S*/\S*|\d+", "*", outcome.error)  # paths and numbers differ from item to item
        self.alike[error] = self.alike.get(error, 0) + 1
        if len(self.alike) == 1 and self.alike[error] >= self.stage.max_alike:
            again = (
                f"Fix the cause and run again with --retry-failed {self.stage.name}; without it, the next run "
                "continues with the other items"
            )
            raise UserError(
                f"{self.stage.title}: the first {self.alike[error]} items all failed alike: {outcome.error}",
                again if outcome.cacheable else "Fix the cause and run the same command again",
            )

    def write_down(self) -> None:
        """Journal what is fresh, in one transaction."""
        if self.fresh:
            passing = {True: {}, False: {"passing": True}}
            results = [(k, {"value": o.value, "error": o.error, **passing[o.cacheable]}) for k, o in self.fresh.items()]
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
        if key in self.passing or key in self.fresh or key in self.keys_in_flight:
            return True  # the same item twice is processed once
        found = self.journal.get(self.stage.name, key)
        if found is None or found["error"] is not None:
            return found is not None and "passing" not in found
        self.succeeded |= self.stage.place != "threads"  # what an API did yesterday says nothing of today
        return self.stage.still_there(found["value"])

    def _failed_before(self, key: str) -> bool:
        return "passing" in (self.journal.get(self.stage.name, key) or {})

    def _outcome(self, key: str) -> Outcome | None:
        if key in self.passing:
            return Outcome(error=self.passing[key], cacheable=False)
        found = self.journal.get(self.stage.name, key)
        return None if found is None or "passing" in found else Outcome(found["value"], found["error"])
