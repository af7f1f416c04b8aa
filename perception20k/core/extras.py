"""Optional packages, refused in one line when they are missing; and the number of GPUs."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from perception20k.core.errors import UserError

EXTRAS = {
    "video": ("decord",),
    "formats": ("pillow_heif", "pillow_jxl"),
    "plots": ("matplotlib",),
    "review": ("fastapi", "gradio", "jinja2", "matplotlib", "uvicorn"),
    "hub": ("huggingface_hub",),
    "models": ("google.genai", "icecream", "openai", "pyiqa", "torch", "torchvision", "transformers"),
    "remote": ("aiohttp", "fsspec", "huggingface_hub"),
    "s3": ("fsspec", "s3fs"),
    "gcs": ("fsspec", "gcsfs"),
    "train": (
        *("accelerate", "datasets", "jinja2", "matplotlib", "openpyxl", "peft", "scipy", "tensorboard", "torch"),
        *("torchvision", "transformers", "trl"),
    ),
    "ray": ("ray",),
}
"""What each extra of ``pyproject.toml`` brings, by the names under which it is imported."""


def require(wanted_by: str, extra: str, *packages: str) -> None:
    """Check that packages are installed.

    Raises:
        UserError: names the first missing package and the extra that installs it.
    """
    for name in packages:
        if not installed(name):
            raise missing(wanted_by, extra, name)


def missing(wanted_by: str, extra: str, package: str) -> UserError:
    """What to say of a package that is not installed: who needs it, and the line to type."""
    return UserError(
        f"{wanted_by} needs the package '{package}', which is not installed",
        f"Install it: pip install 'perception20k[{extra}]'",
    )


def installed(*names: str) -> bool:
    """Whether packages or modules could be imported, all of them; only the packages above them are."""
    try:
        return all(find_spec(name) is not None for name in names)
    except ModuleNotFoundError:  # not even its parent package
        return False


def gpu_count() -> int:
    """How many CUDA devices this process may use; counted without importing torch, which takes seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
