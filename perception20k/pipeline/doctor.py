"""What a person who is stuck needs to know: of this installation, and of one dataset, with the next command to type."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from shlex import quote

import distortions
from perception20k import __version__
from perception20k.core.extras import EXTRAS, gpu_count, installed
from perception20k.core.hashed_set import HashedSet
from perception20k.dataset.decisions import ReviewState, read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import manifest_files, read_manifest
from perception20k.dataset.quarantine import read_quarantine
from perception20k.dataset.records import Sample, read_samples
from perception20k.models.api_keys import KEYS
from perception20k.publish.export import review_counts


@dataclass(frozen=True)
class Installation:
    """What is here."""

    versions: dict[str, str]
    extras: dict[str, list[str]]
    """What each extra lacks; empty for one that is installed."""
    gpus: int
    keys: dict[str, bool]
    """Whether each variable that may hold a secret is set; its value is never told."""
    caches_gb: dict[str, float]
    """Folders of downloaded weights, by their size in 10^9 bytes."""
    free_gb: float


@dataclass(frozen=True)
class Health:
    """How a dataset stands."""

    dataset: str
    state: str
    """``no dataset``, ``unfinished``, ``damaged``, ``built``, ``stale`` or ``reviewed``."""
    samples: int
    reviewed: int
    deleted: int
    problems: list[str]
    next: str
    """The command to type."""


def installation(folder: Path) -> Installation:
    """Examine this installation, with the free disk where ``folder`` lies. Nothing heavy is imported."""
    versions = {"perception20k": __version__, "perception20k-distortions": distortions.__version__}
    versions |= {"Python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in ("numpy", "opencv-python-headless", "pillow", "pyarrow", "torch", "transformers", "trl", "datasets"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    home = Path.home() / ".cache"
    caches = [
        Path(os.environ.get("HF_HOME") or home / "huggingface"),
        Path(os.environ.get("TORCH_HOME") or home / "torch"),
    ]
    return Installation(
        versions,
        extras={extra: [name for name in names if not installed(name)] for extra, names in EXTRAS.items()},
        gpus=gpu_count(),
        keys={name: bool(os.environ.get(name)) for name in KEYS},
        caches_gb={str(path): _size(path) / 1e9 for path in caches if path.is_dir()},
        free_gb=shutil.disk_usage(folder).free / 1e9,
    )


def examine(root: Path) -> Health:
    """Examine a dataset by its tables and file names; images are not read."""
    layout = Layout(root)
    manifest = read_manifest(layout)
    if manifest is None or not layout.recipe.is_file():
        if not layout.config.is_file():
            return Health(str(root), "no dataset", 0, 0, 0, [], f"perception20k build CONFIG --out {quote(str(root))}")
        config = layout.local_config if layout.local_config.is_file() else layout.config
        again = f"perception20k build {quote(str(config))} --out {quote(str(root))}"
        return Health(str(root), "unfinished", 0, 0, 0, ["the build has not finished"], again)
    samples = read_samples(layout.recipe)
    review = read_review(layout.decisions)
    counts = review_counts(HashedSet(sample.sample_id for sample in samples), review)
    missing = [name for name, _ in manifest_files(layout) if not (root / name).is_file()]
    problems = [f"{name}: missing" for name in missing[:5]]
    if len(missing) > 5:
        problems.append(f"and {len(missing) - 5} more files")
    failed = sum(row.failed for row in read_quarantine(layout.quarantine))
    if failed:
        problems.append(f"{failed} files or items failed: see {layout.quarantine}")
    state, advice = _state(layout, missing, manifest["review"] != counts, review, samples)
    return Health(str(root), state, counts["samples"], counts["reviewed"], counts["deleted"], problems, advice)


def _state(
    layout: Layout, missing: list[str], is_stale: bool, review: ReviewState, samples: list[Sample]
) -> tuple[str, str]:
    """The state in a word, and the next command."""
    root = quote(str(layout.root))
    images = {sample.file for sample in samples}
    if images & set(missing):
        return "damaged", f"perception20k build {quote(str(layout.local_config))} --out {root}"
    if missing:
        return "damaged", f"perception20k export {root}"
    if review.unverified:
        return "stale", f"perception20k review {root}   # {len(review.unverified)} deletions await verification"
    if is_stale:
        return "stale", f"perception20k export {root}   # the review has continued since the last export"
    if review.reviewed < len(samples):
        return "built", f"perception20k review {root}"
    return "reviewed", f"perception20k train refine-iqa-stage1 --data {root} --model MODEL --out RUN"


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
