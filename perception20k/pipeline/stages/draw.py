"""Draw the distortion of each sample: groups evenly, then a type in the group, then a severity.

Every draw is keyed by the dataset's seed and its object, so adding photos, or asking for more samples an object,
leaves existing samples unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

from distortions import DEFAULT_PRESET, SEVERITIES, SEVERITY_LEVELS, catalog, groups
from perception20k.config import MAX_PER_OBJECT
from perception20k.core.files import digest
from perception20k.core.seeding import key_int, keyed_rng
from perception20k.dataset.records import SceneObject
from perception20k.pipeline.stages.sources import Candidate


@dataclass(frozen=True)
class SamplePlan:
    """A sample to be made."""

    candidate: Candidate
    item: SceneObject
    group: str
    type: str
    severity: int
    seed: int
    """The sample's own seed, drawn from (dataset seed, image_id, box, type, severity)."""
    turn: int = 0
    """Which of its object's samples it is, from 0."""
    dataset_seed: int = 0

    @property
    def sample_id(self) -> str:
        """First 16 hex digits of the digest of what the sample is."""
        words = [self.candidate.source.image_id, self.item.name, list(self.item.box)]
        return digest([*words, self.type, self.severity, self.seed])[:16]

    @property
    def title(self) -> str:
        """What the quarantine calls it."""
        return f"{self.candidate.source.origin}: {self.item.name}: {self.type} {self.severity}"


def draw(candidate: Candidate, samples_per_object: int, seed: int, preset: str = DEFAULT_PRESET) -> list[SamplePlan]:
    """The samples of one source image, object by object.

    The groups of an image come in rounds, each a permutation of the preset's groups dealt to its objects in turn, so
    that the first samples of an image are one of each group (twelve of the 35 types, seven of KADID-10k's). Within an
    object no type is drawn twice at one severity.
    """
    plans: list[SamplePlan] = []
    for place, item in enumerate(candidate.source.objects):
        taken: set[tuple[str, int]] = set()
        for turn in range(samples_per_object):
            group = _group(candidate.source.image_id, place, turn, seed, list(groups(preset)))
            types = [entry.type for entry in catalog(preset) if entry.group == group]
            kind, severity = _distortion(candidate.source.image_id, item, types, turn, seed, taken)
            taken.add((kind, severity))
            plans.append(_plan(candidate, item, group, kind, severity, turn, seed))
    return plans


def redraws(plan: SamplePlan, preset: str = DEFAULT_PRESET) -> list[SamplePlan]:
    """What may take the place of a sample whose pixels deny its label: the same group, another type or severity.

    No two samples of an object share one, and none is a sample that the object has, or would have if more were asked
    for.
    """
    candidate, item, seed = plan.candidate, plan.item, plan.dataset_seed
    drawn = draw(candidate, MAX_PER_OBJECT, seed, preset)
    rivals = [other for other in drawn if other.item == item and other.group == plan.group]
    taken = {(other.type, other.severity) for other in rivals}
    types = [entry.type for entry in catalog(preset) if entry.group == plan.group]
    free = [(kind, level) for kind in types for level in SEVERITY_LEVELS if (kind, level) not in taken]
    order = keyed_rng(seed, candidate.source.image_id, item.name, item.box, "redraw", plan.group).permutation(len(free))
    mine = [other.turn for other in rivals].index(plan.turn)
    chosen = [free[place] for place in order[mine :: len(rivals)]]
    return [_plan(candidate, item, plan.group, kind, level, plan.turn, seed) for kind, level in chosen]


def _plan(
    candidate: Candidate, item: SceneObject, group: str, kind: str, severity: int, turn: int, seed: int
) -> SamplePlan:
    own_seed = key_int(seed, candidate.source.image_id, item.box, kind, severity)
    return SamplePlan(candidate, item, group, kind, severity, own_seed, turn, seed)


def _group(image_id: str, place: int, turn: int, seed: int, names: list[str]) -> str:
    """The group of an object's ``turn``-th sample: three objects share a pack of permutations."""
    pack, hand = divmod(place, 3)
    round_, card = divmod(3 * turn + hand, len(names))
    order = keyed_rng(seed, image_id, "groups", pack, round_).permutation(len(names))
    return names[int(order[card])]


def _distortion(
    image_id: str, item: SceneObject, types: list[str], turn: int, seed: int, taken: set[tuple[str, int]]
) -> tuple[str, int]:
    """One of a group's types and a severity that the object does not have yet."""
    rng = keyed_rng(seed, image_id, item.name, item.box, "type", turn)
    while True:
        drawn = types[rng.integers(len(types))], 1 + int(rng.integers(len(SEVERITIES)))
        if drawn not in taken:
            return drawn
