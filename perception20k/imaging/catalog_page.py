"""Every distortion at every severity on one photo, as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from html import escape
from importlib.resources import files
from io import BytesIO
from string import Template

from PIL import Image

from distortions import SEVERITIES, SEVERITY_LEVELS, Distortion, catalog, distort, groups
from perception20k.imaging.images import Array, scaled, size_within
from perception20k.imaging.visibility import PSNR_LIMIT, measure

_SIDE = 480
_CODE = re.compile("``(.+?)``")
_QUALITY = 90


def catalog_page(
    photo: Array, *, preset: str, seed: int = 0, advance: Callable[[int], object] = lambda done: None
) -> str:
    """The page: group by group what each type does, its values and source, and five pictures with a slider.

    The photo is scaled down to 480 px first. PSNR, SSIM and CIEDE2000 are those of the exact pixels; the pictures are
    stored as WebP of quality 90, to keep the page small.

    Args:
        photo: uint8 RGB, any size.
        preset: the parameter set, and with it the types.
        seed: the key of the random types.
        advance: called with 1 after each type.
    """
    height, width = photo.shape[:2]
    source = scaled(photo, *size_within(width, height, _SIDE))
    sections = []
    for group, label in groups(preset).items():
        said = "" if label == group else f": “{escape(label)}”"
        parts = [f'<h2 id="{group}">{group}{said}</h2>']
        for entry in catalog(preset):
            if entry.group == group:
                parts.append(_type(source, entry, preset, seed))
                advance(1)
        sections.append("\n".join(parts))
    count = len(catalog(preset))
    return Template((files(__package__) / "catalog_page.html").read_text(encoding="utf-8")).substitute(
        title=f"{count} distortions, {len(SEVERITIES)} severities",
        introduction=f"Preset {preset}, seed {seed}, {source.shape[1]}x{source.shape[0]} px. Drag a slider to uncover "
        "the original from the left. The figures are those of the exact pixels; the pictures are stored as WebP of "
        f"quality {_QUALITY}.",
        source=_stored(source),
        links=" ".join(f'<a href="#{group}">{group}</a>' for group in groups(preset)),
        groups="\n".join(sections),
    )


def _type(source: Array, entry: Distortion, preset: str, seed: int) -> str:
    values = [f"{name} {' '.join(f'{v:.3g}' for v in row)}" for name, row in entry.parameters[preset].items()]
    values += [f"{name} drawn from {low:g} to {high:g}" for name, (low, high) in entry.drawn.items()]
    summary = _CODE.sub(r"<code>\1</code>", escape(entry.summary))
    return "\n".join(
        [
            f'<h3 id="{entry.type}">{entry.type}</h3>',
            f"<p>{summary}</p>",
            f'<p class="values">{escape("; ".join(values))}. Source: {escape(entry.source)}</p>',
            '<div class="row">',
            *(_figure(source, entry, severity, preset, seed) for severity in SEVERITY_LEVELS),
            "</div>",
        ]
    )


def _figure(source: Array, entry: Distortion, severity: int, preset: str, seed: int) -> str:
    distorted = distort(source, entry.type, severity, seed=seed, preset=preset)
    seen = measure(source, distorted)
    psnr = "the same pixels" if seen.psnr == PSNR_LIMIT else f"PSNR {seen.psnr:.1f} dB"
    name = f"{severity} {SEVERITIES[severity - 1]}"
    height, width = source.shape[:2]
    return (
        f'<figure><div class="both"><img alt="{entry.type}, severity {severity}" loading="lazy" width="{width}" '
        f'height="{height}" src="{_stored(distorted)}"></div>'
        f'<input type="range" min="0" max="100" value="0" aria-label="{entry.type}, severity {severity}: original">'
        f"<figcaption>{name}<br>{psnr} · SSIM {seen.ssim:.3f} · ΔE {seen.delta_e:.1f}</figcaption></figure>"
    )


def _stored(image: Array) -> str:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"
