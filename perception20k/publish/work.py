"""The parts of an export that workers share: digests of images, shards, and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256
from perception20k.dataset.layout import Layout
from perception20k.dataset.shards import Shard, write_shard
from perception20k.execution.stage import Executor, Stage
from perception20k.publish.figures import draw_figure
from perception20k.publish.overview import Overview

Digests = tuple[str, str]
"""A file's path in the dataset, and the SHA-256 it should have."""


@dataclass(frozen=True)
class CheckFiles(Stage[Digests]):
    """Compare files with their digests: ``missing``, ``differs``, or the empty string if all is well."""

    root: Path
    name = "files"
    batch_size = 64

    def key(self, item: Digests) -> str:
        """See :class:`Stage`; a check is never journalled."""
        return item[0]

    def process_one(self, item: Digests) -> str:
        """See :class:`CheckFiles`."""
        name, digest = item
        path = self.root / name
        if not path.is_file():
            return "missing"
        return "" if file_sha256(path) == digest else "differs"


@dataclass(frozen=True)
class WriteShards(Stage[Shard]):
    """Write shards; the value is the number of RFT samples in one."""

    root: Path
    rft_per_sample: float
    seed: int
    name = "shards"

    def key(self, item: Shard) -> str:
        """See :class:`Stage`; a shard is never journalled."""
        return item.file

    def process_one(self, item: Shard) -> int:
        """See :class:`WriteShards`."""
        return write_shard(Layout(self.root), item, rft_per_sample=self.rft_per_sample, seed=self.seed)


@dataclass(frozen=True)
class DrawFigures(Stage[str]):
    """Draw figures, named by their files."""

    root: Path
    view: Overview
    name = "figures"

    def key(self, item: str) -> str:
        """See :class:`Stage`; a figure is never journalled."""
        return item

    def process_one(self, item: str) -> None:
        """See :class:`DrawFigures`."""
        draw_figure(Layout(self.root), self.view, item)


def outcomes(
    stage: Stage[Any], items: Iterable[Any], executor: Executor, advance: Callable[[int], object] = lambda count: None
) -> Iterator[tuple[Any, Any]]:
    """Each item with its value, in any order.

    Raises:
        UserError: an item failed: here all must succeed.
    """
    for batch, results in executor.run(stage, stage.batches(items)):
        for item, outcome in zip(batch, results, strict=True):
            if outcome.error is not None:
                raise UserError(f"{stage.title}: {item}: {outcome.error}")
            yield item, outcome.value
        advance(len(batch))
