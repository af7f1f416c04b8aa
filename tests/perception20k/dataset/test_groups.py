from dataclasses import replace

from distortions import GROUPS, groups
from perception20k.dataset.groups import groups_of, label_of, preset_of
from tests.perception20k.samples import BLANK

DIFFUSED = replace(BLANK, preset="kadid-10k", group="color", type="color_diffusion")


def test_a_dataset_has_the_groups_of_its_samples_preset() -> None:
    assert (preset_of([BLANK]), groups_of([BLANK])) == ("refine-iqa", GROUPS)
    assert (preset_of([DIFFUSED]), groups_of([DIFFUSED])) == ("kadid-10k", groups("kadid-10k"))
    assert (preset_of([]), groups_of([])) == ("refine-iqa", GROUPS)


def test_a_sample_is_labelled_by_its_own_family() -> None:
    assert (label_of(BLANK), label_of(DIFFUSED)) == ("overexposure", "color distortion")
