"""``perception20k distort``."""

from __future__ import annotations

import io
from pathlib import Path

import click
from PIL import Image

from distortions import DEFAULT_PRESET, PRESETS, SEVERITIES, DistortionError, distort, distort_region, find, resolve
from perception20k.core.errors import UserError
from perception20k.core.files import write_bytes
from perception20k.imaging.images import Array, ImageError, decode
from perception20k.imaging.visibility import psnr

_LOSSLESS = {".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"}


class _Box(click.ParamType[tuple[int, ...]]):
    name = "x1,y1,x2,y2"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            box = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            box = ()
        if len(box) != 4:
            self.fail(f"{value!r} is not four whole numbers, such as 100,80,400,360", param, ctx)
        return box


@click.command
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--type", "type_", required=True, help="Distortion type; `perception20k catalog` lists them.")
@click.option("--severity", type=int, required=True, help="1 (slight) to 5 (catastrophic).")
@click.option("--box", type=_Box(), help="Pixels to distort, bottom right exclusive; the whole photo by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything random.")
@click.option("--preset", type=click.Choice(PRESETS), default=DEFAULT_PRESET, show_default=True, help="Parameter set.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="File to write, lossless.")
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def command(
    photo: Path,
    type_: str,
    severity: int,
    box: tuple[int, int, int, int] | None,
    seed: int,
    preset: str,
    out: Path,
    force: bool,
) -> None:
    """Distort PHOTO, or one box of it, and write the result.

    Outside the box every pixel stays as it is. The same seed gives the same pixels.

    \b
    Examples:
        perception20k distort photo.jpg --type noise_poisson --severity 4 -o noisy.png
        perception20k distort photo.jpg --box 100,80,400,360 --type blur_motion --severity 3 -o moved.png
        perception20k distort photo.jpg --preset kadid-10k --type color_diffusion --severity 3 -o diffused.png
    """
    kind = _LOSSLESS.get(out.suffix.lower())
    if kind is None:
        raise UserError(
            f"{out}: {out.suffix or 'no suffix'} is not a lossless image format",
            f"Write one of {', '.join(_LOSSLESS)}: a lossy file would add a distortion of its own",
            code=2,
        )
    try:
        parameters = resolve(type_, severity, seed=seed, preset=preset)
    except DistortionError as error:
        raise UserError(str(error), "See: perception20k catalog", code=2) from None
    refuse_existing(out, force)
    image = read_photo(photo)
    try:
        if box is None:
            distorted = distort(image, type_, severity, seed=seed, preset=preset)
        else:
            distorted = distort_region(image, box, type_, severity, seed=seed, preset=preset)
    except DistortionError as error:  # nothing is left to be wrong but the box
        raise UserError(f"{photo}: {error}", code=2) from None
    write_picture(out, distorted, kind)
    x1, y1, x2, y2 = box or (0, 0, image.shape[1], image.shape[0])
    settings = ", ".join(f"{name}={value:g}" for name, value in parameters.items())
    click.echo(f"{type_} ({find(type_, preset).group}), severity {severity} ({SEVERITIES[severity - 1]}): {settings}")
    click.echo(f"box {x1},{y1},{x2},{y2}: PSNR {psnr(image[y1:y2, x1:x2], distorted[y1:y2, x1:x2]):.2f} dB")
    click.echo(f"written: {out}")


def read_photo(path: Path) -> Array:
    """An image file as an RGB array.

    Raises:
        UserError: the file is missing or not an image.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such photo")
    try:
        return decode(path.read_bytes())
    except ImageError as error:
        raise UserError(f"{path}: {error}") from None


def refuse_existing(path: Path, force: bool) -> None:
    """Refuse to overwrite a file unless forced.

    Raises:
        UserError: the file exists.
    """
    if path.exists() and not force:
        raise UserError(f"{path}: exists already", "Choose another name, or overwrite it with --force")


def write_picture(path: Path, image: Array, kind: str = "PNG") -> None:
    """Write an RGB array losslessly, aside and renamed."""
    buffer = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(image).save(buffer, kind, **options)
    write_bytes(path, buffer.getvalue())
