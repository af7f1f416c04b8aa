"""``perception20k catalog``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from distortions import DEFAULT_PRESET, PRESETS, SEVERITIES, Distortion, catalog, groups
from perception20k.cli.distort import read_photo, refuse_existing, write_picture
from perception20k.core.errors import UserError
from perception20k.core.files import write_text
from perception20k.core.reporting import Reporter
from perception20k.imaging.catalog_page import catalog_page
from perception20k.imaging.sheets import catalog_sheet

_PHOTO = Path(str(files("perception20k"))) / "sample" / "tulips.png"


@click.command
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default=DEFAULT_PRESET,
    show_default=True,
    help="Parameter set, and its types.",
)
@click.option("--sheet", type=click.Path(path_type=Path), help="Draw every type at every severity to this .png file.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write a page with every picture and a slider.")
@click.option("--photo", type=click.Path(path_type=Path), help="Photo to draw on; one of the sample photos by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random types.")
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def command(preset: str, sheet: Path | None, page: Path | None, photo: Path | None, seed: int, force: bool) -> None:
    """List the distortion types in their groups, or draw them all on a photo.

    --html writes one file of about 8 MB that any browser opens: every type at every severity with its formula, values,
    source, PSNR, SSIM and colour difference, and a slider against the original.

    \b
    Examples:
        perception20k catalog
        perception20k catalog --preset kadid-10k
        perception20k catalog --sheet sheet.png --photo photo.jpg
        perception20k catalog --html catalog.html --photo photo.jpg
    """
    wanted = [path for path in (sheet, page) if path]
    if not wanted:
        if photo is not None:
            raise UserError("--photo is drawn on only with --sheet or --html", "Name a file: --html page.html", code=2)
        click.echo(_table(preset))
        return
    if sheet and sheet.suffix.lower() != ".png":
        raise UserError(f"{sheet}: the sheet is a PNG file", "Give it the suffix .png", code=2)
    if not 0 <= seed < 2**128:
        raise UserError(f"--seed must be from 0 to 2**128 - 1, not {seed}", code=2)
    for path in wanted:
        refuse_existing(path, force)
    pixels = read_photo(photo or _PHOTO)
    if sheet:
        write_picture(sheet, catalog_sheet(pixels, preset=preset, seed=seed))
    if page:
        with Reporter().progress("catalog", len(catalog(preset)), "type") as advance:
            write_text(page, catalog_page(pixels, preset=preset, seed=seed, advance=advance))
    for path in wanted:
        click.echo(f"written: {path}")


def _table(preset: str) -> str:
    lines = []
    for group, label in groups(preset).items():
        lines.append(f"{group}  (“{label}”)")
        lines += [_line(entry, preset) for entry in catalog(preset) if entry.group == group]
        lines.append("")
    words = ", ".join(f"{i} {word}" for i, word in enumerate(SEVERITIES, 1))
    lines.append(f"Severities: {words}.")
    option = "" if preset == DEFAULT_PRESET else f" --preset {preset}"
    lines.append(f"Try one: perception20k distort PHOTO --type TYPE --severity 3{option} -o OUT.png")
    return "\n".join(lines)


def _line(entry: Distortion, preset: str) -> str:
    values = [f"{name} {' '.join(f'{v:.3g}' for v in row)}" for name, row in entry.parameters[preset].items()]
    values += [f"{name} drawn from {low:g} to {high:g}" for name, (low, high) in entry.drawn.items()]
    return f"  {entry.type:<32}{'; '.join(values)}{'  (random)' if entry.random else ''}"
