"""What the light install does not have: asked for by name, refused in one line; and the machine's GPUs."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from perception20k.core.errors import UserError


def require(wanted_by: str, extra: str, *packages: str) -> None:
    """Refuse where a package is not installed.

    Raises:
        UserError: names the first missing package and the extra that brings it.
    """
    for name in packages:
        if not _is_there(name):
            raise UserError(
                f"{wanted_by} needs the package '{name}', which is not installed",
                f"Install it: pip install 'perception20k[{extra}]'",
            )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # not even the package that it is a part of
        return False


def gpu_count() -> int:
    """How many CUDA devices this process may use; counted without importing torch, which takes seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
