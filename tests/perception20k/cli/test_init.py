import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from perception20k.config import load_config
from perception20k.saved_config import changed_keys

Cli = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A folder of one photo with boxes, and one without."""
    home = tmp_path_factory.mktemp("init")
    (home / "photos").mkdir()
    shutil.copy2(photos / "nuthatch.jpg", home / "photos" / "a.jpg")
    shutil.copy2(photos / "clock.jpg", home / "photos" / "b.jpg")
    lines = ("file,name,x1,y1,x2,y2", "a.jpg,bird,40,40,240,240", "a.jpg,branch,300,100,460,300")
    (home / "photos" / "boxes.csv").write_text("\n".join(lines))
    return home


def test_a_written_choice_is_the_one_that_build_makes(folder: Path, cli: Cli) -> None:
    said = cli("init", "photos/", cwd=folder).stdout.splitlines()
    assert said[1] == "Objects: boxes from boxes.csv (CSV), which has some for 1 of the 2 files"
    assert said[3] == "Next:    perception20k build my.yaml"
    again = cli("init", "photos/", cwd=folder, check=False)
    assert again.returncode == 1 and "my.yaml: exists already" in again.stderr

    built = cli("build", "photos/", "--out", "d", "--workers", "1", cwd=folder).stdout
    assert built.splitlines()[:3] == said[:3] and "d: 8 samples from 1 source images" in built
    assert changed_keys(folder / "d" / "config.yaml", load_config(folder / "my.yaml")) == []
    cli("verify", "d", cwd=folder)
    assert "Nothing to do" in cli("build", "my.yaml", "--out", "d", "--workers", "1", cwd=folder).stdout

    said = cli("build", "my.yaml", "--estimate", cwd=folder).stdout
    assert "measured: 2" in said and "Samples  about 8\n" in said
    assert cli("build", "my.yaml", "--estimate", "--dry-run", cwd=folder, check=False).returncode == 2

    (folder / "all.csv").write_text((folder / "photos" / "boxes.csv").read_text() + "\nb.jpg,clock,0,0,90,90")
    other = cli("build", "photos/", "--out", "d", "--workers", "1", cwd=folder, check=False)
    assert other.returncode == 1 and "another configuration (different: annotations)" in other.stderr
