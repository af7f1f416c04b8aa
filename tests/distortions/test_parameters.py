import pytest

from distortions.errors import DistortionError
from distortions.parameters import accept, by_severity, drawn, levels
from distortions.pixels import Image


def test_a_table_of_whole_numbers_takes_whole_numbers_only() -> None:
    whole, real = levels(1, 2, 3, 4, 5, within=(1, 9)), levels(1.0, 2.0, 3.0, 4.0, 5.0, within=(1.0, 9.0))
    assert accept("n", whole, 3.0) == 3 and isinstance(accept("n", whole, 3.0), int)
    assert accept("x", real, 3) == 3.0 and isinstance(accept("x", real, 3), float)
    for value in (2.5, 0, 10, float("inf"), "3", None, True):
        with pytest.raises(DistortionError, match="n must be a whole number from 1 to 9"):
            accept("n", whole, value)


def test_a_preset_s_own_values_stand_beside_the_paper_s() -> None:
    table = levels(1, 2, 4, 6, 8, depictqa_v2=(2, 3, 4, 6, 8), within=(0, 9))
    assert table.values == {"refine-iqa": (1, 2, 4, 6, 8), "depictqa-v2": (2, 3, 4, 6, 8)}
    assert levels(kadid_10k=(1, 3, 6, 8, 12), within=(0, 20)).values == {"kadid-10k": (1, 3, 6, 8, 12)}


def test_an_operation_is_its_function_with_a_table() -> None:
    @by_severity(amount=levels(1, 2, 3, 4, 5, within=(0, 9)), angle=drawn(-1, 1))
    def example(image: Image, *, amount: int, angle: float) -> Image:
        return image + amount

    assert example.name == "example" and not example.draws_field
    assert list(example.parameters) == ["amount", "angle"]
    import numpy as np

    assert example(np.zeros((1, 1, 3), np.uint8), amount=2, angle=0.0).max() == 2
