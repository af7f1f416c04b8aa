import numpy as np
import pytest

from annotate_app.lead.playground import distorted, line_of_python, types_of
from distortions import PRESETS

pytestmark = pytest.mark.slow

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.mark.parametrize("box", ["", "8, 4, 40, 30"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_line_of_python_makes_the_bytes_that_are_shown(preset: str, box: str) -> None:
    for type_ in types_of(preset)[::6]:
        shown, about = distorted(PHOTO, box, preset, type_, 4, 7)
        scope = {"image": PHOTO}
        exec(line_of_python(box, preset, type_, 4, 7), scope)
        assert np.array_equal(shown, scope["out"])
        assert about.startswith("Severe. ")


def test_the_line_leaves_out_what_is_the_default() -> None:
    line = line_of_python(" ", "refine-iqa", "pixelate", 2, 0)
    assert line.endswith('\n\nout = distort(image, "pixelate", 2)')


@pytest.mark.parametrize(
    ("photo", "box", "told"),
    [
        (None, "", "Drop a photo"),
        (PHOTO, "1, 2, 3", "four whole numbers"),
        (PHOTO, "a, b, c, d", "four whole numbers"),
        (PHOTO, "0, 0, 61, 40", "not inside the image of 60x40 px"),
    ],
)
def test_what_cannot_be_shown_is_told(photo: np.ndarray | None, box: str, told: str) -> None:
    out, said = distorted(photo, box, "refine-iqa", "pixelate", 2, 0)
    assert out is None and told in said
