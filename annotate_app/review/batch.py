"""Which samples make a session, in which order, and the trials hidden among them.

A batch takes the weakest samples that nobody has judged, since they need a person most. Their order within
the session is drawn from the session's recorded seed, so that weakness does not come in a block and the order
can be drawn again. Trials are further items; they carry a role that the page never sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import REPEAT_GAP, Settings
from annotate_app.review.session import Item
from distortions import groups
from distortions.families import family_of
from perception20k.core.seeding import keyed_rng

_COLOUR = (*("brighten", "darken", "contrast_strengthen", "contrast_weaken", "saturate_strengthen", "saturate_weaken"),)
_SPATIAL = ("blur", "noise", "compression", "oversharpen", "pixelate", "quantization")
"""Refine-IQA's "color domain modifications" and "spatial domain artifacts"."""

UNLIKE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Refine-IQA": dict.fromkeys(_COLOUR, _SPATIAL) | dict.fromkeys(_SPATIAL, _COLOUR),
    # KADID-10k's colour, spatial and contrast types share traits, such as coloured blocks
    "KADID-10k": {
        "blurs": ("color", "brightness"),
        "color": ("blurs", "noise"),
        "compression": ("brightness",),
        "noise": ("blurs", "brightness"),
        "brightness": ("blurs", "noise", "compression", "spatial"),
        "spatial": ("brightness",),
        "sharpness_contrast": ("blurs",),
    },
}
"""By family and group, the groups whose labels are wrong for it beyond doubt."""


def compose(dataset: Dataset, chosen: Sequence[str], settings: Settings, seed: int) -> list[Item]:
    """The items of a session over the samples ``chosen``, in the order to show them.

    Args:
        chosen: distinct ids of samples of ``dataset``; their order does not matter.
        seed: of the order and of the trials; the same arguments give the same items.
    """
    rng = keyed_rng(seed, "session")
    chosen = sorted(chosen)
    order = [_item(dataset, chosen[k]) for k in rng.permutation(len(chosen))]
    trials = _catches(dataset, chosen, round(settings.catches * len(chosen)), rng)
    for trial in trials:
        order.insert(int(rng.integers(len(order) + 1)), trial)
    return _with_repeats(order, round(settings.repeats * len(chosen)), rng)


def _item(dataset: Dataset, sample_id: str) -> Item:
    sample = dataset.samples[sample_id]
    return Item(sample_id, "sample", sample.object, dataset.label(sample), sample.file_sha256)


def _catches(dataset: Dataset, chosen: Sequence[str], count: int, rng: np.random.Generator) -> list[Item]:
    """Trials that should be deleted, made from samples outside the batch as far as there are any."""
    inside = set(chosen)
    pool = [s for s in dataset.samples if s not in inside] or list(chosen)
    trials = []
    for number, k in enumerate(rng.choice(len(pool), count, replace=count > len(pool))):
        item, sample = _item(dataset, pool[k]), dataset.samples[pool[k]]
        if number % 2 == 0:
            source = dataset.source(item.sample_id).file_sha256
            trials.append(Item(item.sample_id, "undistorted", item.object, item.label, source))
        else:
            other = sorted(UNLIKE[family_of(sample.preset).title][sample.group])
            label = groups(sample.preset)[other[int(rng.integers(len(other)))]]
            trials.append(Item(item.sample_id, "wrong_label", item.object, label, item.image_sha256))
    return trials


def _with_repeats(order: list[Item], count: int, rng: np.random.Generator) -> list[Item]:
    """Show some samples of the first half again in the second."""
    half = len(order) // 2
    early = [k for k in range(half) if order[k].role == "sample"]
    result = list(order)
    for k in sorted(rng.choice(len(early), min(count, len(early)), replace=False)):
        first = order[early[k]]
        repeat = Item(first.sample_id, "repeat", first.object, first.label, first.image_sha256)
        lowest = min(max(half, early[k] + REPEAT_GAP), len(result))
        result.insert(int(rng.integers(lowest, len(result) + 1)), repeat)
    return result
