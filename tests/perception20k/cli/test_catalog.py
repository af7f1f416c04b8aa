import re
from html import escape
from pathlib import Path

import pytest
from PIL import Image

from distortions import GROUPS, SEVERITIES, catalog, groups
from tests.perception20k.cli.test_distort import run


def test_every_type_is_listed_under_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("catalog") == 0
    said = capsys.readouterr().out
    places = [said.index(f"{group}  (“{label}”)") for group, label in GROUPS.items()]
    assert places == sorted(places)
    for entry in catalog():
        assert f"  {entry.type} " in said
    assert all(word in said for word in SEVERITIES)
    assert "angle drawn from -90 to 90" in said and "radius 1 2 4 6 8" in said


def test_another_family_is_listed_by_its_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("catalog", "--preset", "kadid-10k") == 0
    said = capsys.readouterr().out
    assert all(f"{group}  (“{label}”)" in said for group, label in groups("kadid-10k").items())
    assert all(f"  {entry.type} " in said for entry in catalog("kadid-10k"))
    assert "amount 1 3 6 8 12" in said and "--preset kadid-10k" in said and "blur_lens" not in said


@pytest.mark.slow
def test_a_sheet_is_drawn_on_a_photo(photos: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert run("catalog", "--sheet", sheet, "--photo", photos / "nuthatch.jpg") == 0
    with Image.open(sheet) as drawn:
        assert drawn.format == "PNG" and drawn.width > 1500
    assert run("catalog", "--sheet", sheet) == 1, "an existing sheet is kept"


@pytest.mark.slow
def test_a_page_shows_every_type_at_every_severity_with_its_figures(photos: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("catalog", "--html", page, "--photo", photos / "salon.png", "--preset", "kadid-10k") == 0
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"<figure>", text)) == 5 * len(catalog("kadid-10k"))
    for entry in catalog("kadid-10k"):
        assert f'<h3 id="{entry.type}">' in text and escape(entry.source) in text
    assert text.count("ΔE") == text.count('type="range"') == text.count("<figure>")
    assert "``" not in text and "PSNR nan" not in text and not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert run("catalog", "--html", page) == 1, "an existing page is kept"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--photo", "p.jpg"], 2, "--photo is drawn on only with --sheet or --html"),
        (["--sheet", "sheet.jpg"], 2, "sheet.jpg: the sheet is a PNG file"),
        (["--sheet", "sheet.png", "--photo", "p.jpg"], 1, "p.jpg: no such photo"),
        (["--sheet", "sheet.png", "--seed", "-3"], 2, "--seed must be from 0 to 2**128 - 1, not -3"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    args: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("catalog", *args) == code
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
