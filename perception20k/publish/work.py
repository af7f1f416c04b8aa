"""Work that all must succeed, such as the parts of an export: a function of one item, shared out to workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256
from perception20k.execution.stage import Executor, Outcome, Work, to_outcome


def file_fault(root: Path, item: tuple[str, str]) -> str:
    """What is wrong with a file, given by its path below ``root`` and the SHA-256 it should have.

    ``missing``, ``differs``, or the empty string if all is well.
    """
    name, digest = item
    path = root / name
    if not path.is_file():
        return "missing"
    return "" if file_sha256(path) == digest else "differs"


@dataclass(frozen=True)
class _Each(Work[Any]):
    function: Callable[[Any], Any]
    batch_size: int = 1

    def process(self, batch: list[Any]) -> list[Outcome]:
        """See :class:`Work`."""
        return [to_outcome(self.function, item) for item in batch]


def outcomes(
    title: str,
    function: Callable[[Any], Any],
    items: Iterable[Any],
    executor: Executor,
    advance: Callable[[int], object] = lambda count: None,
    *,
    batch_size: int = 1,
) -> Iterator[tuple[Any, Any]]:
    """Each item with what the function makes of it, in any order.

    Args:
        title: of the work, for errors.
        function: takes an item; it is pickled for the workers.
        items: what it is done to.
        executor: where the work is done.
        advance: is called with the number of items just done.
        batch_size: items that a worker gets at a time.

    Raises:
        UserError: an item failed.
    """
    work = _Each(function, batch_size)
    for batch, results in executor.run(work, work.batches(items)):
        for item, outcome in zip(batch, results, strict=True):
            if outcome.error is not None:
                raise UserError(f"{title}: {item}: {outcome.error}")
            yield item, outcome.value
        advance(len(batch))
