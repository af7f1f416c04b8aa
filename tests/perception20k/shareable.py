"""A small dataset that may be published: the one kept for the tests, without the path that 0.1 left in its config."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from perception20k.core.files import file_sha256

KEPT = Path(__file__).parents[1] / "data" / "dataset-0.1"


def shareable_dataset(root: Path) -> Path:
    """A copy in ``root`` that may be changed."""
    shutil.copytree(KEPT, root)
    config, manifest = root / "config.yaml", root / "manifest.json"
    config.write_text(config.read_text().replace("/data/photos", "photos"))
    recorded = json.loads(manifest.read_text())
    recorded["files"]["config.yaml"] = file_sha256(config)
    manifest.write_text(json.dumps(recorded))
    return root
