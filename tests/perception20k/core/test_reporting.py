import pytest

from perception20k.core.reporting import SILENT, Reporter


def test_lines_go_where_they_are_told_and_bars_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    reporter = Reporter(said.append)
    reporter.line("5 images")
    with reporter.progress("distort", 2) as done:
        done(2)
    shown = capsys.readouterr()
    assert (said, shown.out) == (["5 images"], "")
    assert "distort" in shown.err and "0/2" in shown.err


def test_the_silent_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    SILENT.line("5 images")
    with SILENT.progress("distort", 2) as done:
        done(1)
    assert capsys.readouterr() == ("", "")
