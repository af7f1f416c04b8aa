"""The order in which prompts are drawn: whole groups, whole batches, comparisons within one dataset.

TRL's own sampler draws over all data and forgets the epoch when a run is resumed; this one can keep blocks
within a dataset (VisualQuality-R1) and draws each epoch by its number, so that a resumed run goes on where it
was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

from perception20k.core.seeding import keyed_rng


class PromptSampler(Sampler[int]):
    """Indices of prompts, each repeated G times, batch after batch.

    Args:
        datasets: the dataset of each prompt.
        block: prompts that are drawn together from one dataset; what does not fill a block waits for the next
            epoch, which deals anew.
        batch: prompts for which rollouts are made at one time, over all processes; a multiple of ``block``.
        group_size: G.
        repeats: times a batch is given in a row: TRL asks for it at each of its backward passes.
        seed: of the order.
    """

    def __init__(
        self, datasets: Sequence[str], *, block: int, batch: int, group_size: int, repeats: int, seed: int
    ) -> None:
        self.block, self.batch, self.group_size = block, batch, group_size
        self.repeats, self.seed, self.epoch = repeats, seed, 0
        self._members: dict[str, list[int]] = {}
        for index, name in enumerate(datasets):
            self._members.setdefault(name, []).append(index)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def batches(self) -> int:
        """Batches in an epoch."""
        blocks = sum(len(members) // self.block for members in self._members.values())
        return blocks // (self.batch // self.block)

    def __len__(self) -> int:
        return self.batches() * self.batch * self.group_size * self.repeats

    def __iter__(self) -> Iterator[int]:
        rng = keyed_rng("prompt order", self.seed, self.epoch)
        blocks = []
        for members in self._members.values():
            order = [members[i] for i in rng.permutation(len(members))]
            whole = len(order) // self.block * self.block
            blocks += [order[i : i + self.block] for i in range(0, whole, self.block)]
        blocks = [blocks[i] for i in rng.permutation(len(blocks))]
        step = self.batch // self.block
        for start in range(0, self.batches() * step, step):
            prompts = [index for block in blocks[start : start + step] for index in block]
            for _ in range(self.repeats):
                for index in prompts:
                    yield from [index] * self.group_size
