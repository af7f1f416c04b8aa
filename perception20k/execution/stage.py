"""What a stage is, and how one is run: resumable, over any executor, failures as rows.

A stage is a small class: ``setup`` loads what is heavy, ``process`` turns a batch of items into outcomes, ``key``
is the digest of everything an item's outcome depends on. A filter is a function that answers
``(keep, reason)``. Nothing an item does can stop the run: its error becomes a row of the quarantine.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from perception20k.core.errors import ItemError, PassingError, UserError

Item = TypeVar("Item")

_FATAL_ERRNO = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENOMEM}
"""The machine's failures, not the item's: they stop the run, and the next run goes on."""


Place = Literal["worker", "apart", "gpu", "threads"]
"""``worker``: in a worker process, with one worker in this one. ``apart``: never in this process, for what may
crash a decoder. ``gpu``: one process a GPU, without any as ``worker``. ``threads``: threads of this process, for
what waits for the network."""


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
    batch_size: int = 1
    whole_batches: bool = False
    """Work on a batch whole although some of its items are done: for results that depend on the company kept."""
    place: Place = "worker"
    """Where the work is done."""

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
        return [to_outcome(self.process_one, item) for item in batch]

    @property
    def title(self) -> str:
        """The stage's name as people see it, with what tells this one from others of the name."""
        return self.name

    @property
    def at_once(self) -> int:
        """How many threads may work at a time, for ``place`` ``threads``."""
        return 1

    def batches(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """How items are handed to workers, whether or not an earlier run has done some of them."""
        stream = iter(items)
        return iter(lambda: list(islice(stream, self.batch_size)), [])

    def still_there(self, value: Any) -> bool:
        """Whether what a journalled result refers to still exists; if not, the item is done again."""
        return True


def to_outcome(function: Any, *args: Any) -> Outcome:
    """Call ``function`` and turn what it raises into a failed outcome, unless the machine itself failed."""
    try:
        return Outcome(function(*args))
    except ItemError as error:
        return Outcome(error=str(error), lasting=not isinstance(error, PassingError))
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


Batch = list[Any]
Results = Generator[tuple[Batch, list[Outcome]], None, None]
"""Batches with their outcomes, in any order."""


class Executor(Protocol):
    """Runs batches of a stage somewhere and gives each back with its outcomes, in any order."""

    def run(self, stage: Stage[Any], batches: Iterator[Batch]) -> Results:
        """Work through ``batches``; only a few are in flight at a time, so memory does not grow with them."""
        ...


class NullExecutor:
    """Does nothing: what is not done yet stays due. For a dry run, and for the stages ``--only`` leaves out."""

    def run(self, stage: Stage[Any], batches: Iterator[Batch]) -> Results:
        """See :class:`Executor`."""
        for _ in batches:
            pass
        yield from ()
