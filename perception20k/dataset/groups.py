"""The groups of distortions that a dataset's samples come from, by the preset that its recipe records."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from distortions import DEFAULT_PRESET, groups
from perception20k.dataset.records import Sample


def preset_of(samples: Collection[Sample]) -> str:
    """The parameter set that a dataset was made with; the default one where it has no samples."""
    return next((sample.preset for sample in samples), DEFAULT_PRESET)


def groups_of(samples: Collection[Sample]) -> Mapping[str, str]:
    """The groups a dataset draws from, in their order, each with its label in prompts and answers."""
    return groups(preset_of(samples))


def label_of(sample: Sample) -> str:
    """The words for a sample's distortion, as prompts and answers use them."""
    return groups(sample.preset)[sample.group]
