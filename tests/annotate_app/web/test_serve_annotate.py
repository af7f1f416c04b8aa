from __future__ import annotations

from pathlib import Path

import pytest

from annotate_app.annotate.job import job_of
from annotate_app.web.logins import AUTH_VARIABLE
from annotate_app.web.serve_annotate import serve_annotate
from perception20k.core.errors import UserError
from tests.annotate_app.annotate.conftest import write_photos


def test_an_open_address_needs_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AUTH_VARIABLE, raising=False)
    with pytest.raises(UserError, match="--auth"):
        serve_annotate(job_of([str(write_photos(tmp_path, 1))]), host="0.0.0.0")
    assert [path.name for path in tmp_path.iterdir()] == ["000.png"]


def test_a_log_somebody_else_writes_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    job = job_of([str(write_photos(tmp_path, 1))])
    with job.alone(), pytest.raises(UserError, match="another process"):
        serve_annotate(job, port=0)
    assert not job.log.exists()
