"""A chosen configuration as a commented YAML file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from perception20k.core.errors import UserError
from perception20k.core.files import write_text
from perception20k.pipeline.choose import Choice


def write_config(choice: Choice, path: Path) -> None:
    """Write what was chosen as the file that ``build`` takes.

    Raises:
        UserError: the file exists.
    """
    if path.exists():
        raise UserError(f"{path}: exists already", "Name another file with --out")
    write_text(path, config_text(choice, path.absolute().parent))


def config_text(choice: Choice, home: Path) -> str:
    """The YAML, a comment above each key; paths below ``home``, the file's folder, are relative to it."""
    lines = ["# A configuration for `perception20k build`; docs/curation.md explains every key."]
    for key, reason in choice.reasons.items():
        lines += ["", f"# {' '.join(reason.split())}", _line(key, choice.values[key], home)]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, home: Path) -> str:
    text: str = yaml.safe_dump(
        {key: _relative(value, home)}, allow_unicode=True, width=math.inf, default_flow_style=True
    )
    return text.strip()[1:-1]


def _relative(value: Any, home: Path) -> Any:
    if isinstance(value, dict):
        return {key: _relative(part, home) for key, part in value.items()}
    if isinstance(value, list):
        return [_relative(part, home) for part in value]
    if isinstance(value, str) and Path(value).is_absolute() and Path(value).is_relative_to(home):
        return Path(value).relative_to(home).as_posix()
    return value
