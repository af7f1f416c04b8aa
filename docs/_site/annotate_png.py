"""Make docs/annotate.png, the picture of the drawing page: ``python docs/_site/annotate_png.py``."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from shutil import copy

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from annotate_app.annotate.pictures import Opened, Picture, find_pictures  # noqa: E402
from annotate_app.annotate.rules import DrawnObject  # noqa: E402
from annotate_app.annotate.service import Annotation  # noqa: E402
from perception20k.config import Filters  # noqa: E402
from perception20k.core.reporting import SILENT  # noqa: E402
from tests.annotate_app.annotate.artist import Artist, ServedAnnotation  # noqa: E402
from tests.annotate_app.browser import launch  # noqa: E402


def curtain(picture: Picture, opened: Opened) -> tuple[DrawnObject, ...]:
    """A proposal, as an annotation file or a detector would make it."""
    return (DrawnObject("curtain", (262, 4, 458, 640)),)


def main() -> None:
    """Draw on a photo, and take the picture."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        copy(ROOT / "perception20k" / "sample" / "dogs_at_window.jpg", folder)
        pictures, _ = find_pictures([place], 3, SILENT)
        with closing(Annotation(folder / "annotations.sqlite", pictures, Filters(), propose=curtain)) as annotation:
            served, browser = ServedAnnotation(annotation), launch(playwright)
            try:
                person = Artist(browser.new_context(viewport={"width": 1366, "height": 768}), served.url)
                person.begin()
                person.draw("dog looking out", (258, 290, 448, 525))
                person.draw("dog climbing out", (392, 566, 576, 850))
                person.saved()
                person.page.screenshot(path=str(ROOT / "docs" / "annotate.png"))
            finally:
                browser.close()
                served.stop()


if __name__ == "__main__":
    main()
