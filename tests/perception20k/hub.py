"""A Hugging Face cache as the hub's own package leaves it on disk, with no hub behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
        models._snapshot.cache_clear()

    def add_folder(self, model: str, folder: Path) -> str:
        """A new commit of a model from the files of a folder; its name."""
        return self.add(model, {path.name: path.read_bytes() for path in sorted(folder.iterdir())})

    def add(self, model: str, files: Mapping[str, str | bytes], branch: str = "main") -> str:
        """A new commit of a model, at the head of a branch; its name."""
        commit = hashlib.sha1(repr((model, files)).encode()).hexdigest()
        root = self._folder / f"models--{model.replace('/', '--')}"
        for name, content in files.items():
            path = root / "snapshots" / commit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / branch).write_text(commit)
        models._snapshot.cache_clear()  # as for a new process
        return commit
