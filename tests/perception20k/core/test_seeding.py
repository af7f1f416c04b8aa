import numpy as np
import pytest

from perception20k.core.seeding import key_int, keyed_rng


def test_same_key_same_draws_whatever_was_drawn_before() -> None:
    keyed_rng("other").random(100)
    assert np.array_equal(keyed_rng(1, "a", (2, 3)).random(5), keyed_rng(1, "a", (2, 3)).random(5))


@pytest.mark.parametrize("other", [(1, "b"), (2, "a"), ("1", "a"), (1, "a", ""), ("1a",)])
def test_another_key_gives_another_number(other: tuple[str | int, ...]) -> None:
    assert key_int(1, "a") != key_int(*other)


def test_key_int_fits_an_int64() -> None:
    assert all(0 <= key_int("n", n) < 2**63 for n in range(200))
    assert max(key_int("n", n) for n in range(200)) > 2**61  # the high bits are used
