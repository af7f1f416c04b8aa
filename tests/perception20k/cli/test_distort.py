from pathlib import Path

import numpy as np
import pytest

from distortions import distort_region
from perception20k.cli import main
from perception20k.imaging.images import Array, decode


def run(*args: str | Path) -> int:
    """The command line in this process; the exit status."""
    with pytest.raises(SystemExit) as leave:
        main([str(arg) for arg in args])
    return int(leave.value.code or 0)


def pixels(path: Path) -> Array:
    return decode(path.read_bytes())


@pytest.fixture
def photo(photos: Path) -> Path:
    return photos / "tulips.png"


def test_a_box_is_distorted_and_reported(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.png"
    args = ("--type", "blur_motion", "--severity", "3", "--box", "100,80,300,260", "--seed", "5", "-o", out)
    assert run("distort", photo, *args) == 0
    source, made = pixels(photo), pixels(out)
    assert np.array_equal(made, distort_region(source, (100, 80, 300, 260), "blur_motion", 3, seed=5))
    said = capsys.readouterr().out
    assert "severity 3 (relatively obvious): radius=15, sigma=7, angle=" in said
    difference = source[80:260, 100:300].astype(float) - made[80:260, 100:300]
    assert f"PSNR {10 * np.log10(255**2 / np.mean(difference**2)):.2f} dB" in said
    assert f"written: {out}" in said


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".bmp"])
def test_every_lossless_suffix_keeps_the_pixels(suffix: str, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    assert run("distort", photo, "--type", "pixelate", "--severity", "2", "-o", out) == 0
    reference = tmp_path / "reference.png"
    run("distort", photo, "--type", "pixelate", "--severity", "2", "-o", reference)
    assert np.array_equal(pixels(out), pixels(reference))


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"--type": "blur_motoin"}, 2, "unknown distortion type 'blur_motoin'; did you mean 'blur_motion'. See:"),
        ({"--severity": "6"}, 2, "severity must be a whole number from 1 to 5, not 6"),
        ({"--severity": "high"}, 2, "'high' is not a valid integer"),
        ({"--seed": "-1"}, 2, "seed must be a whole number from 0 to 2**128 - 1, not -1"),
        ({"--preset": "mine"}, 2, "'mine' is not one of 'refine-iqa', 'depictqa-v2'"),
        ({"--box": "1,2,3"}, 2, "'1,2,3' is not four whole numbers, such as 100,80,400,360"),
        ({"--box": "0,0,9999,10"}, 2, "tulips.png: box (0, 0, 9999, 10) is not inside the image of 500x500 px"),
        ({"--box": "5,5,5,9"}, 2, "tulips.png: box (5, 5, 5, 9) is empty"),
        ({"-o": "out.jpg"}, 2, "out.jpg: .jpg is not a lossless image format. Write one of .png"),
        ({"-o": "out"}, 2, "out: no suffix is not a lossless image format"),
        ({"PHOTO": "missing.jpg"}, 1, "missing.jpg: no such photo"),
        ({"PHOTO": "text.jpg"}, 1, "text.jpg: not an image in a known format"),
        ({"-o": "existing.png"}, 1, "existing.png: exists already. Choose another name, or overwrite it with --force"),
        ({"-o": "text.jpg/out.png"}, 1, "text.jpg"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    changed: dict[str, str],
    code: int,
    message: str,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.jpg").write_text("not a photo", encoding="utf-8")
    Path("existing.png").write_bytes(b"keep me")
    given = {"PHOTO": str(photo), "--type": "blur_motion", "--severity": "3", "-o": "out.png", **changed}
    source = given.pop("PHOTO")
    assert run("distort", source, *(part for pair in given.items() for part in pair)) == code
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1 or error.startswith("Usage:")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["existing.png", "text.jpg"]
    assert Path("existing.png").read_bytes() == b"keep me"


def test_force_overwrites(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"old")
    assert run("distort", photo, "--type", "pixelate", "--severity", "1", "-o", out, "--force") == 0
    assert pixels(out).shape == pixels(photo).shape
