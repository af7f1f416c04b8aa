"""The catalogue: what is known of each distortion type of a family.

``catalog(preset)`` lists the types that a preset has values for, ``groups(preset)`` their groups, and
``find(type, preset)`` looks a type up. The tables themselves are in :mod:`distortions.families`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

from distortions.errors import DistortionError, unknown
from distortions.families import REFINE_IQA, Family, family_of
from distortions.parameters import DEFAULT_PRESET, PRESETS, Drawn, Levels, Number, Operation

GROUPS: Mapping[str, str] = REFINE_IQA.groups
"""The 12 groups of the 35 types, each with the label that prompts and answers use (Refine-IQA supplement, prompts)."""

EASY_GROUPS = ("blur", "noise", "compression", "brighten", "darken")
"""The groups that are prevalent in natural scenes (Refine-IQA, section 4.1); the others are hard."""


@dataclass(frozen=True)
class Distortion:
    """One distortion type."""

    type: str
    group: str
    """A key of its family's groups; empty for a type outside them."""
    source: str
    operation: Operation = field(repr=False)
    family: Family = field(repr=False)

    @property
    def label(self) -> str:
        """The group's label in prompts and answers."""
        return self.family.groups.get(self.group, "")

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (inspect.getdoc(self.operation.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> dict[str, dict[str, tuple[Number, ...]]]:
        """By preset of its family, then by name: the values for severity 1 to 5."""
        tables = self.operation.parameters.items()
        return {p: {n: t.values[p] for n, t in tables if isinstance(t, Levels)} for p in self.family.presets}

    @property
    def drawn(self) -> dict[str, tuple[float, float]]:
        """The parameters that are drawn uniformly from the key, with their ranges."""
        tables = self.operation.parameters.items()
        return {name: (table.low, table.high) for name, table in tables if isinstance(table, Drawn)}

    @property
    def random(self) -> bool:
        """True when the result depends on the seed."""
        return self.operation.draws_field or bool(self.drawn)

    @property
    def reads_context(self) -> bool:
        """True when a box is distorted together with what lies around it."""
        return self.operation.reach is not None


def catalog(preset: str = DEFAULT_PRESET, *, extra: bool = False) -> tuple[Distortion, ...]:
    """The types of a preset's family, group by group.

    Args:
        preset: ``refine-iqa`` or ``depictqa-v2`` for the 35 types, ``kadid-10k`` for KADID-10k's 25.
        extra: also those outside the groups (``quantization_uniform``).

    Raises:
        DistortionError: no such preset.
    """
    entries = _entries(preset).values()
    return tuple(entry for entry in entries if entry.group or extra)


def groups(preset: str = DEFAULT_PRESET) -> Mapping[str, str]:
    """The groups of a preset's family, each with the label that prompts and answers use.

    Raises:
        DistortionError: no such preset.
    """
    return family_of(preset).groups


def find(type: str, preset: str = DEFAULT_PRESET) -> Distortion:
    """The entry of a type.

    Raises:
        DistortionError: no such preset, or no such type in its family; the message names the nearest one, or the
            preset that has it.
    """
    entries = _entries(preset)
    entry = entries.get(type) if isinstance(type, str) else None
    if entry is not None:
        return entry
    for other in PRESETS:
        if type in _entries(other):
            raise DistortionError(f"{preset} has no distortion type {type!r}; {other} has: preset={other!r}")
    raise unknown("distortion type", type, entries)


@functools.cache
def _entries(preset: str) -> dict[str, Distortion]:
    """The types of a preset's family by name, in order."""
    family = family_of(preset)
    return {type_: Distortion(type_, group, source, op, family) for type_, op, group, source in family.types}
