"""What every type at every severity keeps to, on photos and on content of any size."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distortions import Distortion, distort, distort_region
from distortions.notes import IDENTITIES
from distortions.pixels import Image
from tests.distortions.digests import photo
from tests.distortions.entries import ENTRIES, preset_of, title
from tests.distortions.photos import natural_photos

pytestmark = pytest.mark.slow

EVERY_TYPE = pytest.mark.parametrize("entry", ENTRIES, ids=title)
RANDOM = [entry for entry in ENTRIES if entry.random]
DETERMINISTIC = [entry for entry in ENTRIES if not entry.random]
BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def images(draw: st.DrawFn, most: int = 300) -> Image:
    """Noise, flat colour, black, white, grey, pure primaries, ramps; from 1x1 up to ``most`` px a side."""
    side = st.one_of(st.integers(1, 24), st.integers(1, most))
    height, width = draw(side), draw(side)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["noise", "flat", "black", "white", "grey", "primaries", "ramp"]))
    image = {
        "noise": lambda: rng.integers(0, 256, (height, width, 3)),
        "flat": lambda: np.full((height, width, 3), rng.integers(0, 256, 3)),
        "black": lambda: np.zeros((height, width, 3)),
        "white": lambda: np.full((height, width, 3), 255),
        "grey": lambda: np.repeat(rng.integers(0, 256, (height, width, 1)), 3, axis=2),
        "primaries": lambda: rng.integers(0, 2, (height, width, 3)) * 255,
        "ramp": lambda: np.linspace(0, 255, height * width * 3).reshape(height, width, 3),
    }[kind]().astype(np.uint8)
    image.flags.writeable = False
    return image


@pytest.mark.parametrize("severity", range(1, 6))
@EVERY_TYPE
def test_every_type_at_every_severity_returns_a_new_equal_array(entry: Distortion, severity: int) -> None:
    photo = natural_photos()["coffee"][:64, :80]
    before = photo.copy()
    first, again = (distort(photo, entry.type, severity, seed=11, preset=preset_of(entry)) for _ in range(2))
    assert first.shape == photo.shape and first.dtype == np.uint8
    assert first.flags.writeable and not np.shares_memory(first, photo)
    assert np.array_equal(photo, before)
    assert np.array_equal(first, again)
    assert np.array_equal(first, photo) == ((entry.type, severity) in IDENTITIES)


@BOUNDED
@given(images(), st.sampled_from(ENTRIES), st.integers(1, 5), st.integers(0, 2**128 - 1), st.data())
def test_any_size_and_content_is_distorted_without_a_warning(
    image: Image, entry: Distortion, severity: int, seed: int, data: st.DataObject
) -> None:
    preset = data.draw(st.sampled_from(entry.family.presets))
    before = image.copy()
    out = distort(image, entry.type, severity, seed=seed, preset=preset)
    assert out.shape == image.shape and out.dtype == np.uint8
    assert np.array_equal(image, before)
    assert np.array_equal(out, distort(image, entry.type, severity, seed=seed, preset=preset))


@EVERY_TYPE
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 300), (300, 1), (3, 5)])
def test_tiny_images_of_extreme_content_are_distorted(entry: Distortion, shape: tuple[int, int]) -> None:
    for value in (0, 1, 255):
        out = distort(np.full((*shape, 3), value, np.uint8), entry.type, 5, preset=preset_of(entry))
        assert out.shape == (*shape, 3)


@pytest.mark.parametrize("entry", RANDOM, ids=title)
def test_another_seed_gives_other_bytes(entry: Distortion) -> None:
    photo = natural_photos()["astronaut"][:48, :48]
    for severity in (1, 5):
        if (entry.type, severity) not in IDENTITIES:
            made = {distort(photo, entry.type, severity, seed=s, preset=preset_of(entry)).tobytes() for s in range(8)}
            # a drawn angle or direction is rounded to whole pixels, so some may agree
            assert len(made) == 8 if entry.operation.draws_field else len(made) > 1


@pytest.mark.parametrize("entry", DETERMINISTIC, ids=title)
def test_the_seed_is_nothing_to_a_deterministic_type(entry: Distortion) -> None:
    photo = natural_photos()["astronaut"][:48, :48]
    one, two = (distort(photo, entry.type, 3, seed=seed, preset=preset_of(entry)) for seed in (1, 2))
    assert np.array_equal(one, two)


@st.composite
def boxed(draw: st.DrawFn) -> tuple[Image, tuple[int, int, int, int]]:
    """An image with a box inside it."""
    image = draw(images(most=120))
    height, width = image.shape[:2]
    x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x2, y2 = draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))
    return image, (x1, y1, x2, y2)


@BOUNDED
@given(boxed(), st.sampled_from(ENTRIES), st.integers(1, 5), st.integers(0, 2**64))
def test_every_byte_outside_the_box_is_the_source(
    case: tuple[Image, tuple[int, int, int, int]], entry: Distortion, severity: int, seed: int
) -> None:
    image, box = case
    x1, y1, x2, y2 = box
    before = image.copy()
    out, again = (
        distort_region(image, box, entry.type, severity, seed=seed, preset=preset_of(entry)) for _ in range(2)
    )
    assert np.array_equal(image, before)
    assert out.shape == image.shape and not np.shares_memory(out, image)
    assert np.array_equal(out, again)
    out[y1:y2, x1:x2] = image[y1:y2, x1:x2]
    assert np.array_equal(out, image)


@EVERY_TYPE
def test_where_in_memory_an_image_lies_changes_nothing(entry: Distortion) -> None:
    image = photo()  # long runs of equal values, so that a sum's last digit decides a rounding here and there
    made, held = set(), []
    for offset in range(12):
        place = np.empty(image.size + 64, np.uint8)[offset : offset + image.size].reshape(image.shape)
        place[...] = image
        held.append(np.empty(1 + 700 * offset, np.uint8))  # so that what is allocated next lies elsewhere too
        made.add(distort(place, entry.type, 5, seed=5, preset=preset_of(entry)).tobytes())
    assert len(made) == 1
