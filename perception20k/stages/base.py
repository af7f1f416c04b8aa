"""What a stage is, and how one is run: resumable, over any executor, failures as rows.

A stage is a small class: ``setup`` loads what is heavy, ``process`` turns a batch of items into outcomes, ``key``
is the digest of everything an item's outcome depends on. A filter is a function that answers
``(keep, reason)``. Nothing an item does can stop the run: its error becomes a row of the quarantine.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from tqdm import tqdm

from perception20k.errors import ItemError, UserError
from perception20k.executor import Executor
from perception20k.journal import Journal

Item = TypeVar("Item")

_FATAL_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENOMEM}
"""The machine's failures, not the item's: they stop the run, and the next run goes on."""


@dataclass(frozen=True)
class Outcome:
    """What became of an item: a JSON-able value, or the reason it failed."""

    value: Any = None
    error: str | None = None
    lasting: bool = True
    """Whether the outcome is written to the journal; an unexpected error is tried again by the next run."""


class Stage(ABC, Generic[Item]):
    """One step of the pipeline over items. Instances are small and picklable; see the module's docstring."""

    name: ClassVar[str]
    batch_size: ClassVar[int] = 1

    def setup(self) -> None:
        """Load what is heavy. Called once in each process that works for the stage."""

    @abstractmethod
    def key(self, item: Item) -> str:
        """Digest of the item's inputs, the operation and its parameters; never the worker count."""

    @abstractmethod
    def process_one(self, item: Item) -> Any:
        """The item's JSON-able result.

        Raises:
            ItemError: the item cannot be processed; the message says why.
        """

    def process(self, batch: list[Item]) -> list[Outcome]:
        """Outcomes of a batch, in its order."""
        return [guarded(self.process_one, item) for item in batch]

    def batches(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """How items are handed to workers."""
        stream = iter(items)
        return iter(lambda: list(islice(stream, self.batch_size)), [])

    def still_there(self, value: Any) -> bool:
        """Whether what a journalled result refers to still exists; if not, the item is done again."""
        return True


def guarded(function: Any, *args: Any) -> Outcome:
    """Call ``function`` and turn what it raises into a failed outcome, unless the machine itself failed."""
    try:
        return Outcome(function(*args))
    except ItemError as error:
        return Outcome(error=str(error))
    except UserError:
        raise
    except OSError as error:
        if error.errno in _FATAL_ERRNO:
            raise
        return Outcome(error=f"{type(error).__name__}: {error}", lasting=False)
    except MemoryError:
        raise
    except Exception as error:  # an input nobody thought of: a row, not a crash
        return Outcome(error=f"{type(error).__name__}: {error}", lasting=False)


@dataclass
class Tally:
    """How a stage's run went, for the closing lines."""

    stage: str
    total: int = 0
    cached: int = 0
    failed: int = 0
    details: dict[str, int] = field(default_factory=dict)


def run_stage(
    stage: Stage[Item], items: list[Item], journal: Journal, executor: Executor, *, progress: bool = True
) -> tuple[list[Outcome], Tally]:
    """Run ``stage`` over ``items``: journalled results are taken as they are, the rest is worked on.

    Returns:
        One outcome an item, in the items' order, whatever the order they were finished in; and the tally.
    """
    tally = Tally(stage.name, len(items))
    keys = [stage.key(item) for item in items]
    outcomes: dict[str, Outcome] = {}
    for key in keys:
        found = journal.get(stage.name, key)
        if found is not None and (found["error"] is not None or stage.still_there(found["value"])):
            outcomes[key] = Outcome(found["value"], found["error"])
    todo = {key: item for key, item in zip(keys, items, strict=True) if key not in outcomes}
    tally.cached = len(items) - sum(key in todo for key in keys)
    key_of = {id(item): key for key, item in todo.items()}
    with tqdm(total=len(todo), desc=f"{stage.name:>9}", unit="item", disable=not (progress and todo)) as bar:
        for batch, results in executor.run(stage, stage.batches(todo.values())):
            pairs = [(key_of[id(item)], outcome) for item, outcome in zip(batch, results, strict=True)]
            journal.put(stage.name, [(k, {"value": o.value, "error": o.error}) for k, o in pairs if o.lasting])
            outcomes.update(pairs)
            bar.update(len(batch))
    ordered = [outcomes[key] for key in keys]
    tally.failed = sum(outcome.error is not None for outcome in ordered)
    return ordered, tally
