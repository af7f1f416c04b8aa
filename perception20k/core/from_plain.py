"""Plain data, as YAML gives it, into typed dataclasses; pydantic checks it, and errors are one line with a suggestion.

A dataclass for it is marked ``@checked``: unknown keys are refused and nothing is converted, but a whole number passes
for a float. Ranges stand beside the fields, as ``Annotated[int, Field(ge=1)]``.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import types
import typing
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from perception20k.core.errors import UserError

checked = with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
"""Decorates a dataclass that :func:`build` makes."""

_EXPECTED = {
    "int_type": "int",
    "int_from_float": "int",
    "float_type": "float",
    "string_type": "str",
    "bool_type": "bool",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "dataclass_type": "keys and values",
}
_RANGES = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "below {lt:g}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "too_short": "at least {min_length} long",
    "finite_number": "a finite number",
}


def build(kind: Any, data: Any, where: str) -> Any:
    """``data`` as an instance of ``kind``.

    Args:
        kind: a dataclass marked :data:`checked`.
        data: what ``yaml.safe_load`` returns.
        where: names the place in errors, such as the file.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or is out of range.
    """
    try:
        # As JSON, because pydantic's strict mode takes lists for tuples and mappings for dataclasses only from there.
        return TypeAdapter(kind).validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        problems = error.errors()
        unknown = (problem for problem in problems if problem["type"] == "unexpected_keyword_argument")
        misspelt = (p for p in problems if p["type"] == "literal_error" and isinstance(p["input"], str))
        raise _user_error(kind, next(unknown, next(misspelt, problems[0])), where) from None


def suggestion(wrong: Any, known: typing.Iterable[Any]) -> str:
    """The hint for a name that is not among the ``known`` ones: those it begins, else the nearest, else all of them."""
    names = [str(name) for name in known]
    begun = [f"'{name}'" for name in names if name.startswith(f"{wrong}_")]
    close = begun or [f"'{name}'" for name in difflib.get_close_matches(str(wrong), names, n=1)]
    return f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(names)}"


def _user_error(kind: Any, problem: Any, where: str) -> UserError:
    """One of pydantic's errors as a line for people."""
    error, value, context = problem["type"], problem["input"], problem.get("ctx", {})
    place = _without_members(kind, problem["loc"])
    outer, last = place[:-1], place[-1] if place else ""
    if error == "unexpected_keyword_argument":
        known = [field.name for field in dataclasses.fields(_kind_at(kind, outer))]
        return UserError(f"{where}{_path(outer)}: unknown key '{last}'", suggestion(last, known), code=2)
    if error in ("missing", "too_long") and typing.get_origin(_kind_at(kind, place if error == "too_long" else outer)):
        at = place if error == "too_long" else outer
        count = len(typing.get_args(_kind_at(kind, at)))
        return UserError(f"{where}{_path(at)}: expected {count} values, not {value!r}", code=2)
    if error == "missing":
        return UserError(f"{where}{_path(outer)}: the key '{last}' is missing", code=2)
    if error == "literal_error":
        known = re.findall("'([^']*)'", context["expected"])
        return UserError(f"{where}{_path(place)}: unknown value {value!r}", suggestion(value, known), code=2)
    if error in _EXPECTED:
        return UserError(f"{where}{_path(place)}: expected {_EXPECTED[error]}, not {value!r}", code=2)
    rule = _RANGES[error].format(**context) if error in _RANGES else problem["msg"]
    return UserError(f"{where}{_path(place)} must be {rule}, not {value!r}", code=2)


def _path(place: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f": {part}" for part in place)


def _kind_at(kind: Any, place: tuple[int | str, ...]) -> Any:
    """The type that stands at a place below ``kind``."""
    for part in place:
        kind = _members(_kind_below(kind, part))[0]
    return kind


def _kind_below(kind: Any, part: int | str) -> Any:
    if dataclasses.is_dataclass(kind):
        return typing.get_type_hints(kind).get(str(part), object)  # an unknown key has no type
    args = typing.get_args(kind)  # a list's or a dictionary's
    return args[0] if isinstance(part, int) else args[1]


def _members(kind: Any) -> list[Any]:
    """The members of a union without None, the first of which has the keys; a type that is none by itself."""
    if typing.get_origin(kind) not in (types.UnionType, typing.Union):
        return [kind]
    return [member for member in typing.get_args(kind) if member is not types.NoneType]


def _without_members(kind: Any, place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A place without the names of union members, which pydantic puts between the keys."""
    path: list[int | str] = []
    parts = iter(place)
    for part in parts:
        path.append(part)
        members = _members(_kind_below(kind, part))
        kind = members[0]
        if len(members) > 1:
            next(parts, None)
    return tuple(path)
