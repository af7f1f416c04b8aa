"""Plain data into typed dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from perception20k.core.errors import UserError
from perception20k.core.from_plain import build, checked


@checked
@dataclass(frozen=True)
class Inner:
    share: float


@checked
@dataclass(frozen=True)
class Outer:
    kind: Literal["big", "small"]
    sizes: tuple[int, ...] = ()
    span: tuple[float, float] | None = None
    weights: dict[str, float] | None = None
    inner: Inner | None = None


def test_every_kind_is_built() -> None:
    data = {"kind": "big", "sizes": [1, 2], "span": [0, 5], "weights": {"a": 1}, "inner": {"share": 1}}
    assert build(Outer, data, "x") == Outer("big", (1, 2), (0.0, 5.0), {"a": 1.0}, Inner(1.0))
    assert build(Outer, {"kind": "small", "span": None}, "x") == Outer("small")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "bgi"}, "x: kind: unknown value 'bgi'. Did you mean 'big'?"),
        ({"knid": "big"}, "x: unknown key 'knid'. Did you mean 'kind'?"),
        ({}, "x: the key 'kind' is missing"),
        ({"kind": "big", "sizes": 3}, "x: sizes: expected a list, not 3"),
        ({"kind": "big", "sizes": [1, "b"]}, "x: sizes[1]: expected int, not 'b'"),
        ({"kind": "big", "span": [1]}, "x: span: expected 2 values, not [1]"),
        ({"kind": "big", "weights": [1]}, "x: weights: expected keys and values, not [1]"),
        ({"kind": "big", "inner": {"share": "half"}}, "x: inner: share: expected float, not 'half'"),
        ({"kind": "big", "inner": 3}, "x: inner: expected keys and values, not 3"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(data: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        build(Outer, data, "x")
    assert str(error.value) == message
    assert error.value.code == 2
