"""Plain data, as YAML gives it, into typed dataclasses; unknown keys are refused with a suggestion."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from typing import Any

from perception20k.core.errors import UserError


def build(kind: Any, data: Any, where: str) -> Any:
    """``data`` as an instance of ``kind``.

    Args:
        kind: a dataclass, ``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]``, ``X | None``, ``Literal``,
            or a plain type. A whole number passes for a float.
        data: what ``yaml.safe_load`` returns.
        where: names the place in errors, such as the file and the key.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type.
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if data is None else build(args[0], data, where)
    if origin is typing.Literal:
        if data not in args:
            raise UserError(f"{where}: unknown value {data!r}", suggestion(data, args), code=2)
        return data
    if origin is tuple:
        if not isinstance(data, list):
            raise UserError(f"{where}: expected a list, not {data!r}", code=2)
        kinds = [args[0]] * len(data) if args[1:] == (...,) else args
        if len(kinds) != len(data):
            raise UserError(f"{where}: expected {len(kinds)} values, not {data!r}", code=2)
        return tuple(build(k, value, f"{where}[{i}]") for i, (k, value) in enumerate(zip(kinds, data, strict=True)))
    if origin is dict:
        if not isinstance(data, dict):
            raise UserError(f"{where}: expected keys and values, not {data!r}", code=2)
        return {str(key): build(args[1], value, f"{where}: {key}") for key, value in data.items()}
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, data, where)
    if kind is float and type(data) is int:
        return float(data)
    if type(data) is not kind:
        raise UserError(f"{where}: expected {kind.__name__}, not {data!r}", code=2)
    return data


def suggestion(wrong: Any, known: typing.Iterable[Any]) -> str:
    """The hint for a name that is not among the ``known`` ones: the nearest, or all of them."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(wrong), names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}"


def _build_dataclass(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise UserError(f"{where}: expected keys and values, not {data!r}", code=2)
    hints = typing.get_type_hints(kind)
    for key in data:
        if key not in hints:
            raise UserError(f"{where}: unknown key '{key}'", suggestion(key, hints), code=2)
    for spec in dataclasses.fields(kind):
        needed = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if needed and spec.name not in data:
            raise UserError(f"{where}: the key '{spec.name}' is missing", code=2)
    return kind(**{key: build(hints[key], value, f"{where}: {key}") for key, value in data.items()})
