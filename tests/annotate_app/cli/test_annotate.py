"""`perception20k annotate` as a user runs it: from photos nobody has annotated to a verified dataset."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from annotate_app.cli.annotate import command
from tests.annotate_app.annotate.conftest import write_photos
from tests.annotate_app.browser import Process

TAB = str(uuid.UUID(int=7))


class Desk:
    """The routes of a server, as the page uses them."""

    def __init__(self, server: Process) -> None:
        self.url = server.url
        opened = self.post("api/sessions", {"reviewer": "ann", "tab": TAB})
        self.session = f"api/sessions/{opened['session']}"

    def post(self, path: str, body: Any) -> Any:
        data = json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def take(self) -> Any:
        return self.post(f"{self.session}/take", {"tab": TAB})["picture"]

    def send(self, picture: Any, action: str, shares: list[tuple[str, tuple[float, float, float, float]]]) -> None:
        w, h = picture["width"], picture["height"]
        boxes = [(n, [int(x1 * w), int(y1 * h), int(x2 * w), int(y2 * h)]) for n, (x1, y1, x2, y2) in shares]
        event = {"id": str(uuid.uuid4()), "action": action, "picture": picture["id"], "at": 5.0}
        event |= {"objects": [{"name": name, "box": box} for name, box in boxes]}
        self.post(f"{self.session}/events", {"tab": TAB, "sent_at": 5.0, "events": [event]})


TWO = [("upper thing", (0.1, 0.05, 0.6, 0.45)), ("lower thing", (0.3, 0.5, 0.9, 0.95))]


@pytest.mark.slow
def test_boxes_drawn_by_hand_survive_a_kill_and_become_a_verified_dataset(
    photos: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("nuthatch.jpg", "tulips.png", "dog_indoors.mp4"):
        shutil.copy(photos / name, folder)
    server = Process(folder, "--log", str(tmp_path / "boxes.sqlite"), command="annotate")
    try:
        desk, names = Desk(server), []
        while len(names) < 3:  # two keyframes, which come first, and a photo
            picture = desk.take()
            desk.send(picture, "done" if len(names) < 2 else "draw", TWO)
            names.append(picture["name"])
        server.kill()  # every answer above was an acknowledgement
        server.start()
        desk = Desk(server)
        begun = desk.take()
        assert [o["name"] for o in begun["steps"][-1]["objects"]] == ["upper thing", "lower thing"]
        desk.send(begun, "done", TWO)
        desk.send(desk.take(), "skip", [])
        assert server.stop(signal.SIGINT) == 0
    finally:
        server.kill()
    assert sum("dog_indoors.mp4#frame=" in name for name in names) >= 2
    boxes = tmp_path / "boxes.json"
    said = cli("annotate", folder, "--log", tmp_path / "boxes.sqlite", "--export", boxes).stdout
    assert said == f"6 boxes on 4 photos in {boxes}\n"
    config = tmp_path / "my.yaml"
    config.write_text("sources: [photos/]\nannotations: {coco: boxes.json}\nscore: null\n")
    built = cli("build", config, "--out", tmp_path / "dataset", "--workers", "1").stdout
    assert "Objects: 3 images with 6 objects" in built
    assert "all digests match" in cli("verify", tmp_path / "dataset").stdout


def test_an_export_is_imported_beside_other_photos(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", 2)
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 100, 80]}
    image = {"id": 1, "file_name": "000.png", "width": 320, "height": 240}
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "cup"}]}))
    run = CliRunner().invoke(command, [str(folder), "--import", str(boxes)])
    assert "0 photos are done, 0 without objects, 1 to finish" in run.output
    assert (folder / "annotations.sqlite").is_file()
    run = CliRunner().invoke(command, [str(folder), "--export", str(tmp_path / "out.json")])
    assert run.output.startswith("0 boxes on 0 photos")


@pytest.mark.parametrize("wrong", [[], ["photos", "--port", "0"], ["photos", "--import", "no/file"]])
def test_wrong_usage_is_told(wrong: list[str]) -> None:
    assert CliRunner().invoke(command, wrong).exit_code == 2
