import subprocess
import sys
from pathlib import Path

import pytest

from tests.distortions.entries import ENTRIES

ROOT = Path(__file__).parents[2]
ALLOWED = ("numpy", "cv2", "PIL", "distortions")


def test_the_page_in_docs_is_what_the_catalogue_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "distortions"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    page = (ROOT / "docs" / "distortions.md").read_text(encoding="utf-8")
    assert page == printed, "run: python -m distortions > docs/distortions.md"
    assert all(f"`{entry.type}`" in page for entry in ENTRIES)
    for picture in ("distortions.jpg", "kadid.jpg"):
        assert f"]({picture})" in page and (ROOT / "docs" / picture).stat().st_size < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["project", "folder of its own"])
def test_the_library_needs_nothing_but_numpy_opencv_and_pillow(folder: str, tmp_path: Path) -> None:
    """Imported and used with every other third-party module blocked, also when it lies alone in a folder."""
    where = ROOT
    if folder != "project":
        where = tmp_path
        (tmp_path / "distortions").symlink_to(ROOT / "distortions")
    script = f"""
import sys, sysconfig
class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {ALLOWED!r} and top not in sys.stdlib_module_names:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
sys.path.insert(0, {str(where)!r})
import numpy as np
import distortions
assert distortions.__file__.startswith({str(where)!r})
for preset in distortions.PRESETS:
    for entry in distortions.catalog(preset, extra=True):
        distortions.distort(np.full((9, 9, 3), 77, np.uint8), entry.type, 3, preset=preset)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
