"""A folder of small photos, and people who draw on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotate_app.annotate.pictures import find_pictures
from annotate_app.annotate.schemas import Event, Events
from annotate_app.annotate.service import Annotation
from perception20k.config import Filters
from perception20k.core.reporting import SILENT
from tests.annotate_app.conftest import Clock

TWO = [("cup", (10, 10, 110, 90)), ("dog", (150, 100, 300, 220))]
"""Objects that a build keeps, on a photo of 320 x 240."""


def write_photos(folder: Path, count: int) -> Path:
    """Photos of 320 x 240, each with other pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 255, (240, 320, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


class Drawer:
    """One person in one tab."""

    def __init__(self, annotation: Annotation, clock: Clock, name: str) -> None:
        self.annotation, self.clock, self.name, self.tab = annotation, clock, name, str(uuid.uuid4())
        self.session = ""

    def open(self) -> dict[str, Any]:
        state = self.annotation.open(self.name, self.tab)
        self.session = state["session"]
        return state

    def take(self) -> dict[str, Any]:
        picture: dict[str, Any] = self.annotation.take(self.session, self.tab, None)["picture"]
        return picture

    def event(self, picture: str, action: str, objects: Any = None, **more: Any) -> Event:
        listed = None if objects is None else [{"name": n, "box": list(b)} for n, b in objects]
        fields = {"id": str(uuid.uuid4()), "picture": picture, "action": action, "at": self.clock.now, **more}
        return Event.model_validate({**fields, "objects": listed})

    def send(self, *events: Event) -> dict[str, Any]:
        batch = Events(tab=self.tab, sent_at=self.clock.now, events=list(events))
        return self.annotation.append(self.session, batch, None)

    def do(self, picture: str, action: str, objects: Any = None, **more: Any) -> str:
        """Send one event that must be stored; its id."""
        event = self.event(picture, action, objects, **more)
        answer = self.send(event)
        assert "refused" not in answer, answer
        return event.id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", 5)


@pytest.fixture
def open_annotation(folder: Path, clock: Clock) -> Iterator[Callable[..., Annotation]]:
    """Opens the drawing on the photos of ``folder``; closed in the end."""
    opened: list[Annotation] = []

    def opener(**more: Any) -> Annotation:
        pictures, _ = find_pictures([str(folder)], 3, SILENT)
        opened.append(Annotation(folder / "annotations.sqlite", pictures, Filters(), now=clock, **more))
        return opened[-1]

    yield opener
    for annotation in opened:
        annotation.close()


@pytest.fixture
def annotation(open_annotation: Callable[..., Annotation]) -> Annotation:
    return open_annotation()


@pytest.fixture
def ann(annotation: Annotation, clock: Clock) -> Drawer:
    """Ann, with a session open."""
    ann = Drawer(annotation, clock, "ann")
    ann.open()
    return ann
