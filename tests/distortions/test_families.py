import pytest

from distortions import PRESETS, DistortionError
from distortions.families import KADID_10K, REFINE_IQA, family_of


def test_every_preset_belongs_to_one_family() -> None:
    assert [family_of(preset).title for preset in PRESETS] == ["Refine-IQA", "Refine-IQA", "KADID-10k"]
    assert REFINE_IQA.presets + KADID_10K.presets == PRESETS
    with pytest.raises(DistortionError, match="unknown preset 'kadis'; known: refine-iqa"):
        family_of("kadis")


@pytest.mark.parametrize("family", [REFINE_IQA, KADID_10K], ids=lambda family: family.title)
def test_every_parameter_of_a_family_s_functions_has_its_values(family: object) -> None:
    for _, operation, group, _ in family.types:
        assert group in ("", *family.groups)
        for parameter in operation.parameters.values():
            values = getattr(parameter, "values", None)  # a drawn parameter has none
            assert values is None or all(len(values[preset]) == 5 for preset in family.presets)


def test_labels_are_distinct_within_a_family() -> None:
    for family in (REFINE_IQA, KADID_10K):
        assert len(set(family.groups.values())) == len(family.groups)


def test_families_share_the_functions_of_the_same_operation() -> None:
    shared = {o.name for _, o, *_ in REFINE_IQA.types} & {o.name for _, o, *_ in KADID_10K.types}
    assert shared == {
        "blur_gaussian",
        "compression_jpeg",
        "noise_gaussian_RGB",
        "noise_gaussian_YCrCb",
        "noise_impulse",
        "noise_speckle",
        "brightness_brighten_shift_RGB",
    }
