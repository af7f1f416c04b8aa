from __future__ import annotations

from pathlib import Path

import pytest

from annotate_app.annotate.job import job_of
from perception20k.config import Filters
from perception20k.core.errors import UserError


def test_the_log_of_a_folder_lies_in_it_and_that_of_a_file_or_a_glob_beside_them(tmp_path: Path) -> None:
    for photos in (tmp_path, tmp_path / "one.jpg", tmp_path / "*.png"):
        job = job_of([str(photos)])
        assert (job.log, job.limits, job.frames) == (tmp_path / "annotations.sqlite", Filters(), 3)
    assert job_of([str(tmp_path)], tmp_path / "mine.sqlite").log == tmp_path / "mine.sqlite"


def test_a_builds_yaml_gives_sources_keyframes_and_filters(tmp_path: Path) -> None:
    config = tmp_path / "my.yaml"
    config.write_text(
        "sources: [photos/]\nannotations: {coco: boxes.json}\nscore: null\nmax_frames_per_video: 5\n"
        "filters: {min_objects: 1}\n"
    )
    job = job_of([str(config)])
    assert (job.sources, job.frames) == ((str(tmp_path / "photos"),), 5)
    assert (job.limits, job.log) == (Filters(min_objects=1), tmp_path / "my.annotations.sqlite")


def test_two_processes_do_not_share_a_log(tmp_path: Path) -> None:
    job = job_of([str(tmp_path)])
    with job.alone(), pytest.raises(UserError, match="another process"), job.alone():
        pass
    with job.alone():
        pass
