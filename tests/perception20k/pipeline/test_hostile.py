"""Three hundred hostile inputs beside two good photos: each refused with its reason, none fatal, none unlisted."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_sources
from perception20k.pipeline.stages.discover import printable
from tests.perception20k.hostile import make_hostile


def test_300_hostile_inputs_are_quarantined_with_their_reasons(
    tmp_path: Path, photos: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    expected = make_hostile(tmp_path / "photos", photos)
    assert len(expected) >= 300
    good = {"salon.png", "nuthatch.jpg"}
    for name in good:
        shutil.copy2(photos / name, tmp_path / "photos" / name)
    config = {
        "sources": ["photos/"],
        "annotations": {"coco": "package:perception20k/sample/instances.json"},
        "score": None,
    }
    (tmp_path / "my.yaml").write_text(json.dumps(config))
    cli("build", tmp_path / "my.yaml", "--out", tmp_path / "d", "--workers", "2")
    layout = Layout(tmp_path / "d")
    rows = [json.loads(line) for line in (layout.quarantine / "sources.jsonl").read_text().splitlines()]
    reasons = {row["item"]: row.get("error") or row["reason"] for row in rows}
    assert len(rows) == len(reasons)
    assert reasons.keys() == {printable(name) for name in expected}
    wrong = [
        (name, reasons[printable(name)])
        for name, reason in expected.items()
        if not re.search(reason, reasons[printable(name)])
    ]
    assert not wrong
    assert {source.origin for source in read_sources(layout.sources)} == good
