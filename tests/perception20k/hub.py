"""A Hugging Face cache as the hub's own package leaves it on disk, with no hub behind it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from perception20k.models import weights as models


class Hub:
    """Everything that asks the hub finds what was added, and no network."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from huggingface_hub import constants

        self._folder = folder
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        models._commit.cache_clear()

    def add(self, model: str, files: dict[str, str], branch: str = "main") -> str:
        """A new commit of a model, at the head of a branch; its name."""
        commit = hashlib.sha1(repr((model, files)).encode()).hexdigest()
        root = self._folder / f"models--{model.replace('/', '--')}"
        for name, text in files.items():
            path = root / "snapshots" / commit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / branch).write_text(commit)
        models._commit.cache_clear()  # as for a new process
        return commit
