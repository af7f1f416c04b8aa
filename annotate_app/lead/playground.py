"""The playground: a photo of one's own, a box dragged on it, any distortion in the box, and the line of Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from annotate_app.lead.gallery import Gallery
from annotate_app.people.refusal import Unshowable
from distortions import (
    DEFAULT_PRESET,
    PRESETS,
    SEVERITIES,
    SEVERITY_LEVELS,
    DistortionError,
    catalog,
    distort,
    distort_region,
    find,
)
from perception20k.imaging.images import Array, ImageError

MAX_PHOTO = 64 * 1024 * 1024
"""Bytes of a photo that can be dropped."""

_DRAG = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
"""Dragging on the photo fills in the box."""


def types_of(preset: str) -> list[str]:
    """The names of a parameter set's types, in the catalogue's order."""
    return [entry.type for entry in catalog(preset)]


def line_of_python(box: str, preset: str, type_: str, severity: int, seed: int) -> str:
    """What makes the same bytes in a program; ``box`` is empty or ``x1, y1, x2, y2``."""
    name, where = ("distort_region", f"({box.strip()}), ") if box.strip() else ("distort", "")
    others = (f", seed={seed}" if seed else "") + (f', preset="{preset}"' if preset != DEFAULT_PRESET else "")
    return f'from distortions import {name}\n\nout = {name}(image, {where}"{type_}", {severity}{others})'


def distorted(
    photo: Array | None, box: str, preset: str, type_: str, severity: int, seed: int
) -> tuple[Array | None, str]:
    """The distorted photo and a line about it; no photo and the reason where that cannot be."""
    if photo is None:
        return None, "Drop a photo on the left."
    chosen: dict[str, Any] = {"seed": int(seed or 0), "preset": preset}
    try:
        if not box.strip():
            out = distort(photo, type_, severity, **chosen)
        else:
            out = distort_region(photo, [int(edge) for edge in box.split(",")], type_, severity, **chosen)
    except DistortionError as error:
        return None, f"{error}."
    except ValueError:
        return None, "A box is four whole numbers: x1, y1, x2, y2."
    about = find(type_, preset)
    return out, f"{SEVERITIES[severity - 1].capitalize()}. {about.summary.replace('``', '`')} Source: {about.source}."


def playground_tab(gallery: Gallery, blocks: gr.Blocks) -> None:
    """Try any type at any severity on a photo; nothing is kept."""
    with gr.Tab("Playground"):
        with gr.Row():
            preset = gr.Dropdown(list(PRESETS), value=DEFAULT_PRESET, label="family (preset)")
            type_ = gr.Dropdown(types_of(DEFAULT_PRESET), value="blur_motion", label="type")
            severity = gr.Slider(SEVERITY_LEVELS[0], SEVERITY_LEVELS[-1], value=3, step=1, label="severity of 5")
            seed = gr.Number(0, label="seed", precision=0, minimum=0)
            box = gr.Textbox("", label="box: x1, y1, x2, y2", placeholder="the whole photo", elem_id="playground-box")
        with gr.Row():
            photo = gr.Image(
                label="Your photo; drag a box on it",
                value=_first_photo(gallery),
                image_mode="RGB",
                sources=["upload", "clipboard"],
                height=340,
                elem_id="playground-photo",
            )
            out = gr.Image(
                label="Distorted", interactive=False, format="png", height=340, buttons=["fullscreen", "download"]
            )
        said = gr.Markdown()
        code = gr.Code(language="python", label="The same in a program", interactive=False)
        chosen = [box, preset, type_, severity, seed]

        def switch(name: str) -> Any:
            return gr.Dropdown(types_of(name), value=types_of(name)[0])

        def show(image: Array | None, *values: Any) -> tuple[Array | None, str, str]:
            return *distorted(image, *values), line_of_python(*values)

        photo.upload(lambda: "", None, box)
        preset.input(switch, preset, type_)
        for control in (photo, box, type_, severity, seed):
            control.change(show, [photo, *chosen], [out, said, code], show_progress="hidden")
        blocks.load(show, [photo, *chosen], [out, said, code])
        blocks.load(None, js=_DRAG)


def _first_photo(gallery: Gallery) -> Array | None:
    """A photo to begin with: that of the first sample, if it is there."""
    try:
        return gallery.dataset.reference(next(iter(gallery.dataset.samples)))
    except (Unshowable, ImageError):
        return None
