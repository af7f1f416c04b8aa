"""What a stage is, and how one is run: resumable, over any executor, failures as rows.

A stage is a small class: ``setup`` loads models, ``process`` turns a batch of items into outcomes, ``key`` is the
digest of everything an item's outcome depends on. A filter is a function that returns ``(keep, reason)``. A failing
item never stops the run: its error becomes a row of the quarantine.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from perception20k.core.errors import ItemError, TransientError, UserError

Item = TypeVar("Item")

_FATAL_ERRNO = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENOMEM}
"""Failures of the machine, not of the item: they stop the run, and the next run resumes."""


Place = Literal["worker", "isolated", "gpu", "threads"]
"""``worker``: in worker processes, or in this process if there is only one worker. ``isolated``: always in another
process, for decoders that may crash. ``gpu``: one process a GPU; without a GPU the same as ``worker``. ``threads``:
threads of this process, for network calls."""


@dataclass(frozen=True)
class Outcome:
    """An item's result: a JSON-able value, or the reason it failed."""

    value: Any = None
    error: str | None = None
    cacheable: bool = True
    """Whether the outcome is written to the journal. If not, the next run tries the item again."""


class Work(ABC, Generic[Item]):
    """What an executor shares out. Instances are small and picklable."""

    batch_size: int = 1
    place: Place = "worker"
    """Where the work is done."""

    def setup(self) -> None:
        """Load models. Called once in each process that does the work."""

    @abstractmethod
    def process(self, batch: list[Item]) -> list[Outcome]:
        """Outcomes of a batch, in its order. A failing item is an outcome too, see :func:`to_outcome`."""

    @property
    def at_once(self) -> int:
        """Number of threads, for ``place`` ``threads``."""
        return 1

    def stop(self) -> None:
        """End waits, for ``place`` ``threads``: the run stops. Called from another thread than ``process``."""

    def batches(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """Items in the batches that workers get, finished items included."""
        stream = iter(items)
        return iter(lambda: list(islice(stream, self.batch_size)), [])


class Stage(Work[Item]):
    """One step of the pipeline over items, whose outcomes are journalled; see the module's docstring."""

    name: ClassVar[str]
    whole_batches: bool = False
    """Process whole batches even if some items are done: for results that depend on the batch."""
    max_alike: int = 20
    """A run stops when its first so many items all failed alike: the fault is then the stage's, not theirs."""

    @abstractmethod
    def key(self, item: Item) -> str:
        """Digest of the item's inputs, the operation and its parameters; never the worker count."""

    @property
    def title(self) -> str:
        """The stage's name for people; it distinguishes stages that share a ``name``."""
        return self.name

    def still_there(self, value: Any) -> bool:
        """Whether the files of a journalled result still exist; if not, the item is processed again."""
        return True


def to_outcome(function: Any, *args: Any) -> Outcome:
    """Call ``function`` and turn what it raises into a failed outcome, unless the machine itself failed."""
    try:
        return Outcome(function(*args))
    except ItemError as error:
        return Outcome(error=str(error), cacheable=not isinstance(error, TransientError))
    except UserError:
        raise
    except OSError as error:
        if error.errno in _FATAL_ERRNO:
            raise
        return Outcome(error=f"{type(error).__name__}: {error}", cacheable=False)
    except MemoryError:
        raise
    except Exception as error:  # an unforeseen input becomes a row, not a crash
        return Outcome(error=f"{type(error).__name__}: {error}", cacheable=False)


def together(batch: list[Item], read: Callable[[Item], Any], work: Callable[[list[Any]], list[Any]]) -> list[Outcome]:
    """Outcomes of a batch that goes through a model together; an item that fails does not affect the others.

    Args:
        batch: the items.
        read: what the model gets of one item.
        work: the model; a result for each of those it gets.
    """
    opened = [to_outcome(read, item) for item in batch]
    inputs = [outcome.value for outcome in opened if outcome.error is None]
    done = to_outcome(work, inputs)
    if done.error is None:
        results = iter([Outcome(value) for value in done.value])
    else:
        results = iter([to_outcome(lambda one: work([one])[0], one) for one in inputs])
    return [next(results) if outcome.error is None else outcome for outcome in opened]


Batch = list[Any]
Results = Generator[tuple[Batch, list[Outcome]], None, None]
"""Batches with their outcomes, in any order."""


class Executor(Protocol):
    """Does batches of work somewhere and gives each back with its outcomes, in any order."""

    def run(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        """Work through ``batches``; only a few are in flight at a time, so memory does not grow with them."""
        ...


class NullExecutor:
    """Does nothing, so unfinished items stay due: for a dry run, and for stages that ``--only`` skips."""

    def run(self, stage: Work[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`Executor`."""
        for _ in batches:
            pass
        yield from ()
