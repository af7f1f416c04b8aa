"""What the user gave that comes to nothing is counted in one line and listed."""

import json
from pathlib import Path

from PIL import Image

from perception20k.config import load_config
from perception20k.core.reporting import Reporter
from perception20k.dataset.quarantine import Quarantine, read_quarantine
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import build
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.unused import UnusedInputs


def test_a_run_of_one_stage_counts_what_is_unused_and_lists_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.radial_gradient("L").save(tmp_path / "photos" / "here.png")
    for name in ("clip.mpg", "more.ZIP", "old.zip"):
        (tmp_path / "photos" / name).write_bytes(b"x")
    (tmp_path / "photos" / "notes.xml").write_text("<no-photo/>")
    images = [
        {"id": n, "file_name": f"{name}.png", "width": 256, "height": 256}
        for n, name in enumerate(("here", "gone", "bare"))
    ]
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [8, 8, 90, 90]} for n in (0, 1)]
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "disc"}]}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    (tmp_path / "credits.csv").write_text("file,author\nhere.png,A\nlost.png,B\n")
    (tmp_path / "scenes.csv").write_text("file,scene\nhere.png,1\naway.png,1\n")
    (tmp_path / "scores.csv").write_text("file,mine\nhere.png,5\nfar.png,4\n")
    (tmp_path / "split.csv").write_text("file,part\nhere.png,train\nelsewhere.png,test\n")
    values = {
        "sources": ["photos"],
        "annotations": {"coco": "coco.json"},
        "credits": {"table": "credits.csv"},
        "scenes": "scenes.csv",
        "split": "split.csv",
        "score": [{"metric": "mine", "table": "scores.csv", "range": [0, 5], "min": 0}],
    }
    (tmp_path / "my.yaml").write_text(json.dumps(values))
    said: list[str] = []
    with LocalExecutor() as executor:
        build(
            load_config(tmp_path / "my.yaml"),
            tmp_path / "d",
            executor,
            scope=BuildScope(only="sources"),
            reporter=Reporter(said.append, progress=False),
        )
    assert [line for line in said if line.startswith("Unused")] == [
        "Unused: 3 files of types that are not read (2 .zip, 1 .mpg); scenes.csv names 1 photo that is not there; "
        "split.csv names 1 photo that is not there; scores.csv names 1 photo that is not there; "
        "coco.json names 1 photo that is not there; credits.csv names 1 photo that is not there. "
        "See quarantine/inputs.jsonl"
    ]
    rows = [
        (row.item, row.reason.rule) for row in read_quarantine(tmp_path / "d" / "quarantine") if row.stage == "inputs"
    ]
    assert rows == [
        ("clip.mpg", "unread_type"),
        ("more.ZIP", "unread_type"),
        ("old.zip", "unread_type"),
        ("scenes.csv: away.png", "not_found"),
        ("split.csv: elsewhere.png", "not_found"),
        ("scores.csv: far.png", "not_found"),
        ("coco.json: gone.png", "not_found"),  # an image without boxes is not annotated
        ("credits.csv: lost.png", "not_found"),
    ]


def test_where_everything_is_used_nothing_is_said(tmp_path: Path) -> None:
    quarantine = Quarantine()
    unused = UnusedInputs(quarantine)
    unused.unmatched("a.csv", [])
    unused.unmatched(None, [])
    quarantine.write(tmp_path)
    assert (unused.line, list(tmp_path.iterdir())) == ("", [])


def test_of_keyframes_of_videos_that_were_not_looked_into_nothing_is_said() -> None:
    unused = UnusedInputs(Quarantine())
    unused.partial = True
    unused.unmatched("tables/a.csv", ["v.mp4#frame=3", "b.png", "c.png"])
    assert unused.line == "Unused: a.csv names 2 photos that are not there. See quarantine/inputs.jsonl"
