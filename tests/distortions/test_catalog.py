import json
from collections import Counter

import pytest

import distortions
from distortions import EASY_GROUPS, GROUPS, PRESETS, SEVERITIES, DistortionError, catalog, distort, find, groups
from distortions.parameters import accept
from tests.distortions.entries import ENTRIES, title


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(distortions.__all__) == [
        "DEFAULT_PRESET",
        "Distortion",
        "DistortionError",
        "EASY_GROUPS",
        "GROUPS",
        "PRESETS",
        "SEVERITIES",
        "SEVERITY_LEVELS",
        "catalog",
        "distort",
        "distort_region",
        "find",
        "groups",
        "resolve",
    ]
    assert all(hasattr(distortions, name) for name in distortions.__all__)


def test_there_are_35_types_in_12_groups() -> None:
    counts = Counter(entry.group for entry in catalog())
    assert list(counts.values()) == [6, 6, 2, 4, 4, 2, 2, 2, 2, 1, 1, 3]
    assert list(counts) == list(GROUPS)
    assert len({entry.type for entry in catalog()}) == 35


def test_there_are_25_types_in_kadid_s_7_groups() -> None:
    entries = catalog("kadid-10k")
    assert list(Counter(entry.group for entry in entries).values()) == [3, 5, 2, 5, 3, 5, 2]
    assert [entry.source for entry in entries] == [f"KADID-10k, type {number}" for number in range(1, 26)]
    # the generator's levels, in its order
    levels = {entry.type: entry.parameters["kadid-10k"] for entry in entries}
    assert levels["motion_blur"] == {"length": (1, 2, 4, 6, 10)}
    assert levels["color_shift"] == {"distance": (1, 3, 6, 8, 12)}
    assert levels["jpeg2000"] == {"ratio": (16, 32, 45, 120, 400)}
    assert levels["mean_shift"] == {"shift": (0.15, 0.08, 0.0, -0.08, -0.15)}
    assert levels["contrast_change"] == {"amount": (0.3, 0.15, 0.0, -0.4, -0.6)}
    assert [sigma**2 for sigma in levels["denoise"]["sigma"]] == pytest.approx([0.01, 0.03, 0.05, 0.1, 0.15])


def test_labels_and_severities_are_the_words_of_the_prompts() -> None:
    assert find("brightness_brighten_shift_HSV").label == "overexposure"
    assert find("saturate_weaken_YCrCb").label == "desaturate"
    assert SEVERITIES == ("slight", "noticeable", "relatively obvious", "severe", "catastrophic")
    assert set(EASY_GROUPS) < set(GROUPS) and len(EASY_GROUPS) == 5


def test_presets_of_one_family_have_its_types_and_groups() -> None:
    assert catalog() == catalog("refine-iqa") == catalog("depictqa-v2") != catalog("kadid-10k")
    assert groups() == groups("depictqa-v2") == GROUPS
    assert list(groups("kadid-10k")) == list(dict.fromkeys(entry.group for entry in catalog("kadid-10k")))
    assert find("jpeg", "kadid-10k").label == "compression"
    assert find("jpeg", "kadid-10k").parameters == {"kadid-10k": {"quality": (43, 36, 24, 7, 4)}}
    for call in (catalog, groups):
        with pytest.raises(DistortionError, match="unknown preset 'kadid'; did you mean 'kadid-10k'"):
            call("kadid")


def test_uniform_quantization_stays_outside_the_35() -> None:
    assert "quantization_uniform" not in {entry.type for entry in catalog()}
    assert [entry.type for entry in catalog(extra=True)][35:] == ["quantization_uniform"]
    assert find("quantization_uniform").group == ""


def test_the_presets_differ_in_the_lens_and_the_gaussian_s_kernel_alone() -> None:
    def of(preset: str) -> dict[str, object]:
        return {entry.type: entry.parameters[preset] for entry in catalog(extra=True)}

    differing = [name for name, values in of(PRESETS[0]).items() if values != of(PRESETS[1])[name]]
    assert differing == ["blur_gaussian", "blur_lens"]
    assert of("refine-iqa")["blur_gaussian"]["cut"] == (2.0,) * 5
    assert of("depictqa-v2")["blur_gaussian"]["cut"] == (4.0,) * 5
    assert of("refine-iqa")["blur_lens"] == {"radius": (1, 2, 4, 6, 8)}
    assert of("depictqa-v2")["blur_lens"] == {"radius": (2, 3, 4, 6, 8)}


def test_nine_types_are_random() -> None:
    random = [entry.type for entry in catalog() if entry.random]
    assert random[:3] == ["blur_motion", "blur_glass", "blur_jitter"]
    assert random[3:] == [entry.type for entry in catalog() if entry.group == "noise"]


@pytest.mark.parametrize("entry", ENTRIES, ids=title)
def test_every_entry_tells_what_it_does_and_where_it_comes_from(entry: distortions.Distortion) -> None:
    assert entry.summary.endswith(".") and entry.source
    for preset in entry.family.presets:
        for name, values in entry.parameters[preset].items():
            parameter = entry.operation.parameters[name]
            assert [accept(name, parameter, value) for value in values] == list(values)
            assert len(values) == 5
    json.dumps(entry.parameters)


def test_a_catalogued_type_is_what_distort_runs() -> None:
    import numpy as np

    image = np.full((4, 4, 3), 100, np.uint8)
    # 100 + floor(255 * 0.1) = 125
    assert np.all(distort(image, find("brightness_brighten_shift_RGB").type, 1) == 125)
