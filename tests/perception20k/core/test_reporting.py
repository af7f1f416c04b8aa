import sys

import pytest

from perception20k.core.reporting import SILENT, Reporter


def test_lines_go_where_they_are_told_and_bars_to_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    said: list[str] = []
    reporter = Reporter(said.append)
    reporter.line("5 images")
    with reporter.progress("distort", 2) as done:
        done(2)
    shown = capsys.readouterr()
    assert (said, shown.out) == (["5 images"], "")
    assert "distort" in shown.err and "0/2" in shown.err


def test_off_a_terminal_progress_is_a_line_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = 1000.0
    with Reporter(clock=lambda: now).progress("distort", 400, "sample") as done:
        for _ in range(180):  # an item a second for three minutes
            now += 1
            done(1)
    shown = capsys.readouterr()
    # after a minute 60 of 400 are done, so the other 340 take 340 s
    assert shown.err.splitlines() == [
        "distort: 60 of 400 (15 %) samples in 01:00, 05:40 left",
        "distort: 120 of 400 (30 %) samples in 02:00, 04:40 left",
        "distort: 180 of 400 (45 %) samples in 03:00, 03:40 left",
    ]
    assert shown.out == ""


def test_work_of_unknown_size_says_how_much_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with Reporter(clock=lambda: now).progress("import", unit="photo") as done:
        now = 59.0
        done(5)
        now = 200.0  # nothing was done meanwhile, so nothing was said
        done(2)
    assert capsys.readouterr().err == "import: 7 photos in 03:20\n"


def test_the_silent_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    SILENT.line("5 images")
    with SILENT.progress("distort", 2) as done:
        done(1)
    assert capsys.readouterr() == ("", "")
